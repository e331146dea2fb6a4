// A text file of the lab above the terminals: opened by a link in the lesson, saved by a click or Ctrl+S. What has changed in the lab meanwhile is never
// overwritten unasked, and what was typed here is never thrown away unasked. The editor itself comes when it is first needed.
'use client';
import { FileText, X } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { FileView } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';
import { Dialog } from '../components/dialog.tsx';
import { useTexts } from '../language/texts-context.tsx';
import type { OpenFile } from '../lib/workspace-client.ts';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import '../styles/editor.css';
import type { CodeEditor } from './code-editor.ts';

export function EditorPanel() {
  const client = useWorkspaceClient();
  const wanted = useWorkspace((s) => s.file);
  const [shown, setShown] = useState<OpenFile | null>(null);
  const [dirty, setDirty] = useState(false);
  const ready = useWorkspace((s) => (s.lab?.state === 'ready' ? s.lab.id : null));
  const [lab, setLab] = useState(ready);
  if (ready !== null && ready !== lab) { // a fresh lab: the file as it is there, what was typed belongs to the old one
    setLab(ready);
    setDirty(false);
  }
  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [dirty]);
  const leaving = dirty && wanted?.path !== shown?.path;
  if (wanted !== shown && !leaving) setShown(wanted);
  if (!shown) return null;
  return <File key={`${lab} ${shown.path}`} file={shown} setDirty={setDirty} leave={leaving ? { go: () => { setDirty(false); setShown(wanted); }, stay: () => client.openFile(shown.path) } : null} />;
}

type Phase = { is: 'opening' } | { is: 'refused'; why: string } | { is: 'open' };

const words = {
  saved: (t: T) => t('editor.saved'), saving: (t: T) => t('editor.saving'), changed: (t: T) => t('editor.changed'), new: (t: T) => t('editor.new'),
};

function File({ file, setDirty, leave }: { file: OpenFile; setDirty(dirty: boolean): void; leave: { go(): void; stay(): void } | null }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const ready = useWorkspace((s) => s.link === 'connected' && s.lab?.state === 'ready');
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const version = useRef<string | null>(null);
  const [phase, setPhase] = useState<Phase>({ is: 'opening' });
  const [word, setWord] = useState<keyof typeof words | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [conflict, setConflict] = useState<FileView | null>(null);
  const { path } = file;

  const saveAs = useCallback(async (base: string | null): Promise<boolean> => {
    const code = editor.current;
    if (!code) return true;
    const text = code.text();
    setWord('saving');
    setRefusal(null);
    const answer = await client.saveFile({ path, text, version: base });
    if ('saved' in answer) {
      version.current = answer.saved;
      setConflict(null);
      const typedMeanwhile = code.text() !== text;
      setDirty(typedMeanwhile);
      setWord(typedMeanwhile ? 'changed' : 'saved');
      return true;
    }
    setWord('changed');
    if ('conflict' in answer) setConflict(answer.conflict);
    else setRefusal(answer.problem);
    return false;
  }, [client, path, setDirty]);
  const saveNow = useRef(saveAs);
  useEffect(() => { saveNow.current = saveAs; }, [saveAs]);

  const isOpen = phase.is === 'open';
  const isRefused = phase.is === 'refused';
  useEffect(() => {
    if (!ready || isOpen || isRefused) return;
    let gone = false;
    void Promise.all([client.readFile(path), import('./code-editor.ts')]).then(([read, { createEditor }]) => {
      if (gone || !host.current || editor.current) return;
      if ('problem' in read) { setPhase({ is: 'refused', why: read.problem }); return; }
      version.current = read.version;
      setWord(read.version === null ? 'new' : null);
      editor.current = createEditor(host.current, {
        text: read.text, path, label: t('editor.label', { path }),
        phrases: { Find: t('editor.find'), Replace: t('editor.replace'), next: t('editor.next'), previous: t('editor.previous'), all: t('editor.all'), 'match case': t('editor.case'), regexp: t('editor.regexp'), 'by word': t('editor.word'), replace: t('editor.replaceOne'), 'replace all': t('editor.replaceAll'), close: t('editor.closeSearch') },
        onChange: () => { setDirty(true); setWord('changed'); },
        onSave: () => void saveNow.current(version.current),
      });
      setPhase({ is: 'open' });
    }, () => { if (!gone) setPhase({ is: 'refused', why: t('editor.notLoaded') }); });
    return () => { gone = true; };
  }, [ready, isOpen, isRefused, client, path, t, setDirty]);
  useEffect(() => () => { editor.current?.destroy(); editor.current = null; }, []);
  useEffect(() => {
    if (!isOpen) return;
    editor.current?.goTo(file.line ?? 1);
    editor.current?.focus();
  }, [isOpen, file]);

  const takeTheirs = (theirs: FileView) => {
    editor.current?.replace(theirs.text);
    version.current = theirs.version;
    setDirty(false);
    setWord(null);
    setConflict(null);
  };
  return (
    <section className="editor-panel" data-region="editor" aria-label={t('editor.label', { path })} tabIndex={-1} data-testid="editor">
      <div className="editor-bar">
        <p className="editor-path"><FileText size={15} aria-hidden /><code>{path}</code></p>
        <p className="editor-word" role="status">{word && words[word](t)}</p>
        <button type="button" className="button small" disabled={!isOpen} aria-keyshortcuts="Control+S" title={t('editor.saveTitle')} onClick={() => void saveAs(version.current)}>{t('editor.save')}</button>
        <button type="button" className="icon-button" aria-label={t('editor.close')} title={t('editor.close')} onClick={() => client.closeFile()}><X size={16} aria-hidden /></button>
      </div>
      {conflict && (
        <div className="notice" role="alert"><p>{conflict.version === null ? t('editor.removed') : t('editor.conflict')}</p>
          <span className="editor-choice"><button type="button" className="button small" onClick={() => takeTheirs(conflict)}>{t('editor.takeTheirs')}</button><button type="button" className="button small" onClick={() => void saveAs(conflict.version)}>{t('editor.keepMine')}</button></span></div>
      )}
      {refusal && <div className="notice" role="alert"><p>{refusal}</p></div>}
      {phase.is === 'opening' && <p className="editor-empty" role="status">{t('editor.opening', { path })}</p>}
      {phase.is === 'refused' && <div className="editor-empty" role="alert"><p>{phase.why}</p><button type="button" className="button small" onClick={() => setPhase({ is: 'opening' })}>{t('editor.again')}</button></div>}
      <div className="editor-host" ref={host} hidden={!isOpen} />
      {leave && <LeaveDialog path={path} discard={leave.go} stay={leave.stay} save={() => void saveAs(version.current).then((saved) => { if (saved) leave.go(); else leave.stay(); })} />}
    </section>
  );
}

function LeaveDialog({ path, save, discard, stay }: { path: string; save(): void; discard(): void; stay(): void }) {
  const t = useTexts();
  return (
    <Dialog title={t('editor.leave')} close={stay} actions={<>
      <button type="button" className="button" onClick={discard}>{t('editor.discard')}</button>
      <button type="button" className="button primary" data-first onClick={save}>{t('editor.saveFirst')}</button>
    </>}>
      <p>{t('editor.unsaved', { path })}</p>
    </Dialog>
  );
}
