import { Button } from '@mantine/core';
import { useState } from 'react';

interface AskTwiceProps {
  /** What is done, and what it is called when it is asked again. */
  word: string;
  really: string;
  /** The same for those who hear the button and do not see its row. */
  label: string;
  reallyLabel: string;
  busy: boolean;
  onYes: () => void;
}

/** A button for what is not easily taken back: the first press asks, the second does; whoever goes elsewhere said no. */
export function AskTwice({ word, really, label, reallyLabel, busy, onYes }: AskTwiceProps) {
  const [asked, setAsked] = useState(false);
  const press = () => {
    if (asked) onYes();
    setAsked(!asked);
  };
  return (
    <Button
      size="compact-sm"
      variant={asked ? 'filled' : 'subtle'}
      color={asked ? 'red.9' : 'red'}
      loading={busy}
      onClick={press}
      onBlur={() => setAsked(false)}
      aria-label={asked ? reallyLabel : label}
    >
      {asked ? really : word}
    </Button>
  );
}
