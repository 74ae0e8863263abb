// A reading room's light: dark, low in contrast where nothing calls, clear where something does.

import type { MantineColorsTuple } from '@mantine/core';
import { Badge, createTheme, Drawer, Menu, Modal, Tooltip } from '@mantine/core';

const dark: MantineColorsTuple = [
  '#dfe6ef',
  '#bcc7d5',
  '#97a6b9',
  '#8493a8',
  '#2f3b4c',
  '#253040',
  '#182130',
  '#0d131b',
  '#0a0f16',
  '#070b10',
];

const sky: MantineColorsTuple = [
  '#e8f3fe',
  '#cfe4fa',
  '#a7d0f7',
  '#83bdf4',
  '#63acf0',
  '#4a9de9',
  '#2f86d6',
  '#1c6bb3',
  '#175a97',
  '#114575',
];

export const theme = createTheme({
  primaryColor: 'sky',
  primaryShade: { light: 7, dark: 7 },
  colors: { dark, sky },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  fontFamily: "Inter, 'Segoe UI', system-ui, -apple-system, Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.3rem' }, h2: { fontSize: '1.05rem' }, h3: { fontSize: '0.95rem' } } },
  components: {
    // Its word is never cut: a narrow table scrolls.
    Badge: Badge.extend({ styles: { root: { minWidth: 'max-content' } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 350, withArrow: true, color: 'dark.5', c: 'dark.0' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.6, blur: 2 },
        // A dialog's head is not the page's.
        attributes: { header: { role: 'presentation' } },
      },
      styles: { title: { fontWeight: 600, fontSize: '1rem' }, content: { border: '1px solid var(--line)' } },
    }),
    Drawer: Drawer.extend({ defaultProps: { overlayProps: { backgroundOpacity: 0.6 } } }),
    Menu: Menu.extend({ defaultProps: { shadow: 'lg', withinPortal: true } }),
  },
});
