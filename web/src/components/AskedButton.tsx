// A button of a row that asks before it does what cannot be taken back.

import { Button } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from './Confirm';

interface AskedButtonProps {
  word: string;
  /** The button's name with what it is about. */
  name: string;
  title: string;
  text: string;
  /** Over when it settles. */
  act: () => Promise<unknown>;
}

export function AskedButton({ word, name, title, text, act }: AskedButtonProps) {
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const yes = () => {
    setBusy(true);
    const over = () => {
      setBusy(false);
      setAsked(false);
    };
    act().then(over, over);
  };
  return (
    <>
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsked(true)} aria-label={name}>
        {word}
      </Button>
      <Confirm opened={asked} title={title} text={text} yes={word} busy={busy} onYes={yes} onClose={() => setAsked(false)} />
    </>
  );
}
