import type { Plugin } from 'vite';

export function withoutUnused(sheet: string, named: ReadonlySet<string>): string;
export function unused(): Plugin;
