import classes from './peers.module.css';

/** Digits that are read aloud: large, in groups. */
export function Digits({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.digits} role="img" aria-label={label}>
      {text.split(' ').map((group, index) => (
        <span key={index}>{group}</span>
      ))}
    </div>
  );
}
