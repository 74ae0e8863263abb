// What goes with a request beside its images: chosen in the request form, added to and opened in the case.

import { ActionIcon, Button, FileButton, Progress, Text } from '@mantine/core';
import { IconFileTypePdf, IconPaperclip, IconPhoto, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Attachment, Case } from '../../api/types';
import { attachmentAddress } from '../../api/queries';
import { bytes, moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { Chosen, Failed } from './attach';
import { ACCEPTED, ATTACHMENTS_MAX, attachAll, looked } from './attach';
import classes from './case.module.css';
import { Panel } from './Panels';
import { useCaseProblem, useToldCase } from './useSteps';

const Icon = ({ media }: { media: string }) => (media === 'application/pdf' ? <IconFileTypePdf size={18} aria-hidden="true" /> : <IconPhoto size={18} aria-hidden="true" />);

function Choose({ disabled, onFiles }: { disabled: boolean; onFiles: (files: File[]) => void }) {
  const { t } = useWords();
  return (
    <FileButton multiple accept={ACCEPTED} disabled={disabled} onChange={onFiles}>
      {props => (
        <Button {...props} variant="default" size="xs" disabled={disabled} leftSection={<IconPaperclip size={15} aria-hidden="true" />}>
          {t('cases.attach')}
        </Button>
      )}
    </FileButton>
  );
}

/** Files chosen for a request that is not sent yet. */
export function AttachmentsField({ chosen, onChange }: { chosen: Chosen[]; onChange: (chosen: Chosen[]) => void }) {
  const { t, locale } = useWords();
  const take = async (files: File[]) => onChange([...chosen, ...(await looked(files))].slice(0, ATTACHMENTS_MAX));
  return (
    <>
      <Text size="xs" c="dimmed" mb="sm">
        {t('cases.attachHelp', { count: ATTACHMENTS_MAX })}
      </Text>
      {chosen.length > 0 && (
        <ul className={classes.papers}>
          {chosen.map(({ file, unfit }, index) => (
            <li key={`${file.name} ${index}`} data-wrong={unfit !== null || undefined}>
              <Icon media={file.type} />
              <span>{file.name}</span>
              <span className={classes.dim}>{bytes(file.size, locale)}</span>
              {unfit && <span className={classes.late}>{t(`cases.attachUnfit.${unfit}`)}</span>}
              <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('cases.attachRemove', { name: file.name })} onClick={() => onChange(chosen.filter((_, at) => at !== index))}>
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <Choose disabled={chosen.length >= ATTACHMENTS_MAX} onFiles={files => void take(files)} />
    </>
  );
}

function Paper({ of, attachment }: { of: Case; attachment: Attachment }) {
  const { t, locale } = useWords();
  const { name, media, person, at } = attachment;
  return (
    <li>
      <Icon media={media} />
      {attachment.here ? (
        // A document is saved and opened outside; a picture opens in a tab of its own. Either is written down.
        <a href={attachmentAddress(of.case, attachment)} target="_blank" rel="noreferrer">
          {name}
        </a>
      ) : (
        <span>{name}</span>
      )}
      <span className={classes.dim}>{bytes(attachment.bytes, locale)}</span>
      <span className={classes.dim}>{t('cases.attachedBy', { person, at: moment(at, locale) })}</span>
      {!attachment.here && <span className={classes.late}>{t('cases.attachOnTheWay')}</span>}
    </li>
  );
}

/** In the case: what there is, and more of it. */
export function AttachmentsPanel({ of }: { of: Case }) {
  const { t } = useWords();
  const say = useCaseProblem();
  const told = useToldCase();
  const [sending, setSending] = useState<{ done: number; of: number } | null>(null);
  const [unfit, setUnfit] = useState<Chosen[]>([]);
  const [failed, setFailed] = useState<Failed[]>([]);
  const mayAttach = of.actions.includes('attach');
  const send = async (files: File[]) => {
    setSending({ done: 0, of: files.length });
    try {
      const answer = await attachAll(of.case, files, done => setSending({ done, of: files.length }));
      if (answer.told) told(answer.told);
      setFailed(answer.failed);
    } finally {
      setSending(null);
    }
  };
  const take = async (files: File[]) => {
    const all = await looked(files);
    setUnfit(all.filter(one => one.unfit !== null));
    const fit = all.filter(one => one.unfit === null).map(one => one.file);
    if (fit.length > 0) await send(fit);
  };
  if (!mayAttach && of.attachments.length === 0) return null;
  return (
    <Panel title={t('cases.attachments')} beside={mayAttach ? <Choose disabled={sending !== null} onFiles={files => void take(files)} /> : null}>
      {of.attachments.length === 0 && !sending && <p className={classes.dim}>{t('cases.noAttachments')}</p>}
      {of.attachments.length > 0 && (
        <ul className={classes.papers}>
          {of.attachments.map(attachment => (
            <Paper key={attachment.attachment} of={of} attachment={attachment} />
          ))}
        </ul>
      )}
      {sending && (
        <div role="status">
          <Text size="sm">{t('cases.attaching', { done: sending.done, count: sending.of })}</Text>
          <Progress value={(100 * sending.done) / sending.of} aria-label={t('cases.attachments')} animated />
        </div>
      )}
      <div role="alert">
        {unfit.map(({ file, unfit: why }) => (
          <Text key={file.name} size="sm" c="yellow.4">
            {file.name} : {t(`cases.attachUnfit.${why ?? 'content'}`)}
          </Text>
        ))}
        {failed.map(({ file, why }) => (
          <Text key={file.name} size="sm" c="red.4">
            {file.name} : {say(why)}
          </Text>
        ))}
      </div>
      {failed.length > 0 && !sending && (
        <Button variant="default" size="xs" mt={6} onClick={() => void send(failed.map(one => one.file))}>
          {t('cases.attachAgain')}
        </Button>
      )}
    </Panel>
  );
}
