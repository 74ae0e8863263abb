import { useMemo } from 'react';
import qrcode from 'qrcode-generator';
import classes from './qr.module.css';

/** Longer texts make squares too fine for a camera. */
const TEXT_MAX = 700;

export function QrCode({ text, label }: { text: string; label: string }) {
  const code = useMemo(() => {
    if (text.length > TEXT_MAX) return null;
    const made = qrcode(0, 'L');
    made.addData(text, 'Byte');
    made.make();
    const count = made.getModuleCount();
    let path = '';
    for (let row = 0; row < count; row += 1) {
      for (let column = 0; column < count; column += 1) {
        if (made.isDark(row, column)) path += `M${column} ${row}h1v1h-1z`;
      }
    }
    return { count, path };
  }, [text]);
  return (
    code && (
      <svg className={classes.qr} viewBox={`0 0 ${code.count} ${code.count}`} role="img" aria-label={label} shapeRendering="crispEdges">
        <path d={code.path} fill="#000" />
      </svg>
    )
  );
}
