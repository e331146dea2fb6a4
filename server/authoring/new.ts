// `slipway lesson new`: a small lesson that passes `lesson check` as it is, to be written over part by part.
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SlipwayError } from '../../runtime/errors.ts';

/** `name`: volumes, or 30-volumes. Without a number it becomes the last lesson of its folder. Answers the new folder. */
export async function newLesson(root: string, name: string): Promise<string> {
  const parts = /^(?:(\d+)-)?([a-z][a-z0-9-]*)$/.exec(name);
  if (!parts) throw new SlipwayError('InvalidParameter', `“${name}” cannot be a lesson's name: use small letters, digits and dashes, as in 30-volumes`);
  await mkdir(root, { recursive: true });
  const others = (await readdir(root)).map(entry => /^(\d+)-(.*)$/.exec(entry)).filter(match => match !== null);
  if (others.some(match => match[2] === parts[2])) throw new SlipwayError('Conflict', `there is a lesson ${parts[2]} in ${root} already`);
  const number = parts[1] ?? String(Math.max(0, ...others.map(match => Number(match[1]))) + 10);
  const folder = join(root, `${number}-${parts[2]}`);
  await mkdir(folder);
  const inPart = await stat(join(root, 'part.md')).then(() => true, () => false); // then the folder says it for all
  await writeFile(join(folder, 'lesson.md'), text(titleOf(parts[2]!), inPart ? '' : 'part: My lessons\n'));
  await mkdir(join(folder, 'files'));
  await writeFile(join(folder, 'files', 'greeting.txt'), 'Hello from the file greeting.txt.\n');
  await writeFile(join(folder, 'tasks.yaml'), tasks);
  return folder;
}

const titleOf = (slug: string) => slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll('-', ' ');

const text = (title: string, part: string) => `---
title: ${title}
summary: What the learner can do afterwards, in one or two sentences.
minutes: 5
level: beginner
${part}images: [busybox]
---

Say first what this is about and why it matters. A diagram may help:

:::diagram[The docker command asks the daemon, which makes a container from an image.]
\`\`\`dot
digraph {
  rankdir=LR
  command [label="docker command"]
  container [class="accent"]
  command -> daemon [label="asks"]
  daemon -> container [label="makes"]
}
\`\`\`
:::

Then show a first command, ready to run:

\`\`\`bash run
cat greeting.txt
\`\`\`

The file lies in the lab because it lies in this lesson's folder \`files\`. The learner may change it:

::open[Open the greeting]{file=/root/greeting.txt}

:::::task{#greet}
Make a container from \`busybox\` that prints a greeting.

::::hint[The shape of the command]
\`docker run\`, then the image, then the command that is to run inside.
::::
:::::

## What has happened

Explain it, now that they have seen it. Then ask whether it has arrived:

::quiz{#who}
`;

const tasks = `# What each field means: docs/writing-lessons.md.
tasks:
  - id: greet
    title: Let a container greet you
    check: { event: { action: die, image: busybox, exitCode: 0 } }
    attempt:
      any:
        - call: { method: POST, path: /containers/create }
        - call: { method: POST, path: /images/create }
    expected: A container made from busybox has run to its end.
    next: docker run busybox echo hello
    done: "{container.name} ended with exit code {event.exitCode}."
    wrongTurns:
      - id: only-created
        when: { container: { image: busybox, state: created } }
        found: "{container.name} exists, but its command has not been started."
        next: docker start -a {container.name}
      - id: failed
        when: { container: { image: busybox, state: exited, exitCode: nonzero } }
        found: "{container.name} has {container.state}: its command failed."
        next: Correct the command, then run it again.
    solution: [docker run busybox echo hello]
    otherWays:
      - [docker container run --rm busybox:latest echo hello]
      - [docker pull busybox, docker create --name greeter busybox echo hello, docker start -a greeter]
    wrong:
      - { commands: [docker create busybox echo hello], message: only-created }
      - { commands: [docker run busybox false], message: failed }

quizzes:
  - id: who
    question: Which of the two made the container?
    points: 2
    options:
      - { answer: the docker command, because: It only passed your request on. }
      - { answer: the daemon, right: true, because: "The command asked it, and it did the work." }
`;
