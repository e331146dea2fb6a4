import type { Translation } from '../message.ts';
import type { grading as source } from '../en/grading.ts';

export const grading: Translation<typeof source> = {
  'found.exited': 'exited ({code})',
  'found.unknown': 'unbekannt',
  'found.noneNamed': 'Es gibt keinen Container namens {name}.',
  'found.noneNamedBut': 'Es gibt keinen Container namens {name}; es gibt {others}.',
  'found.removed': 'Es gibt keinen Container namens {name} mehr: Er wurde entfernt.',
  'found.removedBut': 'Es gibt keinen Container namens {name} mehr: Er wurde entfernt; es gibt {others}.',
  'found.noneOfImage': 'Es gibt keinen Container aus dem Image {image}.',
  'found.noneOfImageBut': 'Es gibt keinen Container aus dem Image {image}; es gibt {others}.',
  'found.noContainers': 'Im Lab gibt es keine Container.',
  'found.container': '{name} ({image}) ist {state}',
};
