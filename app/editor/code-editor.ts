// CodeMirror with what a file of a lab needs: line numbers, search, undo, colours by CSS. Loaded when the first file is opened (editor-panel.tsx).
// Tab moves the focus on, as everywhere in the page; Ctrl+S saves.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { dockerFile } from '@codemirror/legacy-modes/mode/dockerfile';
import { nginx } from '@codemirror/legacy-modes/mode/nginx';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

export interface CodeEditor {
  text(): string;
  replace(text: string): void;
  goTo(line: number): void;
  focus(): void;
  destroy(): void;
}

interface Options { text: string; path: string; label: string; phrases: Record<string, string>; onChange(): void; onSave(): void; }

export function createEditor(parent: HTMLElement, { text, path, label, phrases, onChange, onSave }: Options): CodeEditor {
  const language = languageOf(path);
  const lines = text.includes('\r\n') && !/[^\r]\n/.test(text) ? [EditorState.lineSeparator.of('\r\n')] : []; // a file keeps its line ends
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        ...lines, lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(), bracketMatching(), search({ top: true }), highlightSelectionMatches(), indentUnit.of('  '),
        syntaxHighlighting(classHighlighter), ...(language ? [StreamLanguage.define(language)] : []), EditorState.phrases.of(phrases),
        keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => { onSave(); return true; } }, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
        EditorView.updateListener.of((update) => { if (update.docChanged) onChange(); }),
      ],
    }),
  });
  return {
    text: () => view.state.sliceDoc(),
    replace: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    goTo(line) {
      const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: 'center' }) });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function languageOf(path: string) {
  const name = path.split('/').at(-1)!.toLowerCase();
  if (/^(dockerfile|containerfile)|\.dockerfile$/.test(name)) return dockerFile;
  if (/\.ya?ml$/.test(name)) return yaml;
  if (/\.(sh|bash)$|^\.(bashrc|profile)$|^\.env/.test(name)) return shell;
  if (name.endsWith('.conf')) return nginx;
  return undefined;
}
