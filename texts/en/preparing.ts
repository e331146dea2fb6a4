// What the web process says while a lesson prepares its lab, of the lab's files, and of answers to questions.
export const preparing = {
  'prepare.files': 'Laying out the lesson’s files…',
  'prepare.setup': 'Preparing the lab: step {step} of {of}…',
  'prepare.says': '{says}…',
  'prepare.replay': 'Doing task {step} of {of} for you: {title}…',
  'prepare.failed': 'This lesson could not prepare its lab: “{step}” failed. Tell whoever runs this Slipway, or who wrote the lesson.',
  'task.noHint': 'This task has no further hint.',
  'task.noReset': 'This task cannot be reset just now.',
  'file.nowhere': '{path} is in a folder that is not there yet.',
  'file.unreadable': '{path} is no file that can be opened here.',
  'file.tooLarge': '{path} is larger than 1 MiB: too large for the editor. In the terminal, less shows it.',
  'file.noText': '{path} is no text, so the editor does not open it.',
  'file.notSaved': '{path} could not be written. Is the disk full, or the file protected?',
  'quiz.noAnswer': 'Choose or type an answer first.',
} as const;
