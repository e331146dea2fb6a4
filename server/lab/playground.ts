// A lab without a lesson, as the lesson that it is to workspace.ts.
import type { Lesson } from '../../lessons/schema.ts';

export const playground: Lesson = {
  slug: '', order: [], headings: [], root: '', folder: '', title: '', summary: '', minutes: 1, level: 'beginner', prerequisites: [], images: [], profile: 'strict', user: 'root', hosts: [], egress: [],
  setup: [], files: { to: '/root', owner: '0:0', list: [] }, body: { type: 'root', children: [] }, tasks: [], quizzes: [],
};
