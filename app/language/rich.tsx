// A sentence of the catalogue in which `backticks` mark commands and some values are elements: rich(t.parts('run.begin', { run: <strong>…</strong> })).
import { Fragment, createElement, type ReactNode } from 'react';
import { Words } from '../components/words.tsx';

export const rich = (parts: ReactNode[]): ReactNode => createElement(Fragment, null, ...parts.map(part => (typeof part === 'string' ? createElement(Words, { text: part }) : part)));
