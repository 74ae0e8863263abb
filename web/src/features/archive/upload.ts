// Files of this workstation brought to the node for an import, with the paths they have on their medium.

import { ApiError, post, put, remove } from '../../api/client';

export interface Brought {
  name: string;
  file: File;
}

/** Files sent side by side. */
const AT_ONCE = 3;

/** Files of an input; a folder's have their path. */
export function chosen(files: FileList | null): Brought[] {
  return [...(files ?? [])].map(file => ({ name: file.webkitRelativePath || file.name, file }));
}

/** Files that were dropped, those of folders too. */
export async function dropped(items: DataTransferItemList): Promise<Brought[]> {
  // Entries are to be asked for before anything is waited for.
  const entries = [...items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null);
  const found: Brought[] = [];
  for (let entry = entries.pop(); entry; entry = entries.pop()) {
    const name = entry.fullPath.replace(/^\//, '');
    if (entry instanceof FileSystemDirectoryEntry || entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      const next = () => new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      for (let some = await next(); some.length > 0; some = await next()) entries.push(...some);
    } else {
      const of = entry as FileSystemFileEntry;
      found.push({ name, file: await new Promise<File>((done, failed) => of.file(done, failed)) });
    }
  }
  return found;
}

/** Brings them all; gives the upload's number. What was brought goes where it fails. */
export async function bring(all: Brought[], each: (done: number, of: number) => void): Promise<string> {
  const { id } = await post<{ id: string }>('/uploads');
  const waiting = [...all];
  let done = 0;
  const one = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await put(`/uploads/${id}?name=${encodeURIComponent(next.name)}`, next.file);
      each(++done, all.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  } catch (error) {
    waiting.length = 0;
    await forget(id);
    throw error;
  }
  return id;
}

/** The node need not keep what was brought. Where that cannot be said, it goes by itself. */
export async function forget(id: string): Promise<void> {
  try {
    await remove(`/uploads/${id}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
