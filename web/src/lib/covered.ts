// Keys of a page are not for what stands before it.

const stands = (): boolean => document.querySelector('[role=dialog], [role=menu]') !== null;

/** When the key was pressed: what it closes is gone before the page hears of it. */
let stoodAtKey = false;
window.addEventListener('keydown', () => (stoodAtKey = stands()), { capture: true });

/** Whether a dialog or an open menu stands before the page, or did when this key was pressed. */
export function isCovered(): boolean {
  return stoodAtKey || stands();
}
