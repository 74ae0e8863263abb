// What lies over a viewport that does not show what it would be taken for: it says so, and takes the pointer, so that nothing is drawn
// or measured meanwhile. The wheel goes on to the viewer. One that is open marks what is shown, and takes nothing.

/** What would begin a drawing, a menu or a measurement. */
const POINTS = ['pointerdown', 'mousedown', 'touchstart', 'dblclick', 'click', 'contextmenu'];

const STYLE = `
  position: absolute; inset: 0; z-index: 20; display: none; align-items: center; justify-content: center; overflow: hidden;
  user-select: none;`;
const MARK = `
  position: absolute; left: 0; right: 0; padding: 5px 8px; text-align: center; pointer-events: none; background: #3b2a06e6;
  color: #ffd27a; font: 700 15px/1.3 system-ui, sans-serif; letter-spacing: .06em;`;

/** The quality of an image that is here itself, in the viewer's numbers; less is a part of it, or another slice in its place. */
export const WHOLE = 8;

export class Cover {
  /** `isOpen`: it takes no pointer; `frame`, `paint`: how it, and its marks, look otherwise. */
  constructor(element, name, text, { places = ['top: 38%', 'bottom: 0'], frame = '', paint = '', isOpen = false } = {}) {
    this.element = element;
    this.box = document.createElement('div');
    this.box.className = name;
    this.box.style.cssText = `${STYLE} ${frame} ${isOpen ? 'pointer-events: none;' : ''}`;
    this.marks = places.map(place => {
      const mark = document.createElement('div');
      mark.style.cssText = `${MARK} ${paint} ${place};`;
      mark.textContent = text;
      return mark;
    });
    this.box.append(...this.marks);
    if (isOpen) return;
    for (const kind of POINTS) {
      this.box.addEventListener(kind, event => {
        event.stopPropagation();
        if (kind === 'contextmenu') event.preventDefault();
      });
    }
  }

  get isShown() {
    return this.box.style.display !== 'none';
  }

  say(text) {
    for (const mark of this.marks) if (mark.textContent !== text) mark.textContent = text;
  }

  /** Over the viewport also where the viewer has emptied it since. */
  lay() {
    if (this.box.parentElement !== this.element) this.element.append(this.box);
    this.box.style.display = 'flex';
  }

  hide() {
    this.box.style.display = 'none';
  }
}
