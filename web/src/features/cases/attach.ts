// Files that go with a request: looked at before they leave, sent one after the other, each with what became of it.

import { ApiError } from '../../api/client';
import type { Case } from '../../api/types';
import { attachFile } from '../../api/queries';

export const ATTACHMENTS_MAX = 20;
export const ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024;
export const ACCEPTED = 'application/pdf,image/jpeg,image/png';

/** How the content of what may be attached begins. */
const BEGINNINGS: readonly number[][] = [
  [0x25, 0x50, 0x44, 0x46, 0x2d],
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
];

export type Unfit = 'empty' | 'large' | 'content';

function firstBytes(file: Blob): Promise<Uint8Array> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(new Uint8Array(reader.result as ArrayBuffer));
    reader.onerror = () => failed(reader.error ?? new Error('the file cannot be read'));
    reader.readAsArrayBuffer(file.slice(0, 8));
  });
}

/** Why the node would not take a file; by its content, as the node judges. */
export async function unfitOf(file: File): Promise<Unfit | null> {
  if (file.size === 0) return 'empty';
  if (file.size > ATTACHMENT_BYTES_MAX) return 'large';
  const first = await firstBytes(file);
  return BEGINNINGS.some(bytes => bytes.every((byte, at) => first[at] === byte)) ? null : 'content';
}

export interface Chosen {
  file: File;
  unfit: Unfit | null;
}

/** Looks at files, in their order. */
export const looked = (files: readonly File[]): Promise<Chosen[]> => Promise.all(files.map(async file => ({ file, unfit: await unfitOf(file) })));

export interface Failed {
  file: File;
  why: ApiError;
}

/** Sends them; what fails does not keep the others from leaving. `told`: the case as the node tells it last. */
export async function attachAll(id: string, files: readonly File[], each: (done: number) => void): Promise<{ told: Case | null; failed: Failed[] }> {
  let told: Case | null = null;
  const failed: Failed[] = [];
  for (const [index, file] of files.entries()) {
    try {
      told = await attachFile(id, file);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed.push({ file, why: error });
    }
    each(index + 1);
  }
  return { told, failed };
}
