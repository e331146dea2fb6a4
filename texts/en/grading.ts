// What the grader says by itself (the rest is the lesson's), and explanations of docker's errors. States are docker's own words.
export const grading = {
  'found.exited': 'exited ({code})',
  'found.unknown': 'unknown',
  'found.noneNamed': 'There is no container named {name}.',
  'found.noneNamedBut': 'There is no container named {name}; there is {others}.',
  'found.removed': 'There is no container named {name} any more: it was removed.',
  'found.removedBut': 'There is no container named {name} any more: it was removed; there is {others}.',
  'found.noneOfImage': 'There is no container made from {image}.',
  'found.noneOfImageBut': 'There is no container made from {image}; there is {others}.',
  'found.noContainers': 'The lab has no containers.',
  'found.container': '{name} ({image}) is {state}',
} as const;
