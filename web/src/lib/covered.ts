// Keys of a page are not for what stands before it.

/** Whether a dialog or an open menu stands before the page. */
export function isCovered(): boolean {
  return document.querySelector('[role=dialog], [role=menu]') !== null;
}
