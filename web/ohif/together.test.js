// Side by side: the same place where it is known, the same way where only the orientation is, and nothing else.
import { describe, expect, it, vi } from 'vitest';
import { besides, planeOf, standing, Together } from './together.mjs';

const axial = (z, frame, over = {}) => planeOf({ imagePositionPatient: [0, 0, z], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], frameOfReferenceUID: frame, ...over });
const sagittal = planeOf({ imagePositionPatient: [0, 0, 0], rowCosines: [0, 1, 0], columnCosines: [0, 0, -1], frameOfReferenceUID: 'A' });
const stack = (frame, from, step, count) => Array.from({ length: count }, (_, at) => axial(from + at * step, frame));

describe('studies side by side', () => {
  it('are registered in one frame of reference, parallel by orientation alone, or apart', () => {
    expect(standing(axial(0, 'A'), axial(9, 'A'))).toBe('registered');
    expect(standing(axial(0, 'A'), axial(9, 'B'))).toBe('parallel');
    expect(standing(axial(0, ''), axial(9, ''))).toBe('parallel');
    expect(standing(axial(0, 'A'), sagittal)).toBe('apart');
    expect(standing(planeOf(undefined), axial(0, 'A'))).toBe('apart');
    expect(planeOf({ imagePositionPatient: [0, 0, Number.NaN], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0] })).toBe(null);
  });

  it('show the same place of the patient where they share a frame of reference', () => {
    const planes = stack('A', -30, 3, 40);
    const target = { anchor: planes[0], planes };
    expect(besides({ now: axial(13, 'A'), anchor: axial(0, 'A') }, target)).toBe(14);
  });

  it('move by the same millimetres from where they stood, also where one runs the other way', () => {
    const planes = stack('B', 500, -1, 80);
    const target = { anchor: planes[10], planes };
    expect(besides({ now: axial(-6, 'A'), anchor: axial(0, 'A') }, target)).toBe(16);
    const flipped = planes.map(plane => ({ ...plane, normal: plane.normal.map(one => -one) }));
    expect(besides({ now: axial(-6, 'A'), anchor: axial(0, 'A') }, { anchor: flipped[10], planes: flipped })).toBe(16);
    expect(besides({ now: axial(400, 'A'), anchor: axial(0, 'A') }, target)).toBe(0);
  });

  it('stay where they are when nothing can be compared', () => {
    expect(besides({ now: sagittal, anchor: sagittal }, { anchor: axial(0, 'B'), planes: stack('B', 0, 1, 4) })).toBe(null);
    expect(besides({ now: axial(3, 'A'), anchor: axial(0, 'A') }, { anchor: axial(0, 'B'), planes: [null, null] })).toBe(null);
  });
});

it('nothing is said of studies side by side once one viewport is left', () => {
  const tell = vi.fn();
  const together = new Together({ tell, studies: ['1', '2'] });
  together.services = {};
  for (const id of ['a', 'b']) together.anchors.set(id, axial(0, 'A'));
  together.show();
  expect(tell).toHaveBeenLastCalledWith(expect.objectContaining({ how: 'registered' }));
  together.gone({ viewportId: 'elsewhere' });
  expect(tell).toHaveBeenCalledTimes(1);
  together.gone({ viewportId: 'b' });
  expect(tell).toHaveBeenLastCalledWith(null);
});

describe('images that say another patient than their request', () => {
  const world = () => {
    const listeners = [];
    const doubted = new Set();
    const patients = { follow: listener => listeners.push(listener), isDoubted: study => doubted.has(study), get hasDoubts() { return doubted.size > 0; } };
    const stack = (id, study) => {
      const element = document.createElement('div');
      document.body.append(element);
      const ids = Array.from({ length: 9 }, (_, n) => `wadors:http://here/dicomweb/studies/${study}/series/${study}.1/instances/${study}.1.${n}/frames/1`);
      const one = { id, element, type: 'stack', renderingEngineId: 'engine', at: 0, getImageIds: () => ids, getCurrentImageId: () => ids[one.at], getCurrentImageIdIndex: () => one.at };
      one.setImageIdIndex = at => { one.at = at; return Promise.resolve(); };
      return one;
    };
    const [left, right] = [stack('left', '1.2'), stack('right', '1.3')];
    const image = imageId => ({ imagePositionPatient: [0, 0, Number(imageId.match(/\.(\d+)\/frames/)[1])], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], frameOfReferenceUID: 'A' });
    window.cornerstone = {
      getRenderingEngines: () => [{ getViewports: () => [left, right] }],
      metaData: { get: (type, imageId) => (type === 'imagePlaneModule' ? image(imageId) : { modality: 'CT' }) },
    };
    const groups = new Set();
    const syncGroupService = {
      addViewportToSyncGroup: (id, _, { id: name }) => groups.add(`${id} ${name}`),
      removeViewportFromSyncGroup: (id, _, name) => groups.delete(`${id} ${name}`),
    };
    const tell = vi.fn();
    const together = new Together({ tell, studies: ['1.2', '1.3'], patients });
    together.start({ syncGroupService });
    together.follow({ element: left.element, viewportId: 'left' });
    together.follow({ element: right.element, viewportId: 'right' });
    together.isOn = true;
    together.join();
    const scroll = at => {
      left.at = at;
      together.driver = 'left';
      together.moved('left');
    };
    const doubt = (...studies) => {
      doubted.clear();
      for (const study of studies) doubted.add(study);
      for (const listener of listeners) listener();
    };
    return { together, tell, left, right, groups, scroll, doubt };
  };

  it('move with nothing, and nothing is said of them, until it is cleared up', () => {
    const { tell, right, groups, scroll, doubt } = world();
    scroll(2);
    expect(right.at).toBe(2);
    expect(tell).toHaveBeenLastCalledWith(expect.objectContaining({ how: 'registered' }));
    expect(groups.size).toBe(4);
    doubt('1.3');
    expect(tell).toHaveBeenLastCalledWith(null);
    expect([...groups].filter(one => one.startsWith('right'))).toEqual([]);
    scroll(5);
    expect(right.at).toBe(2);
    doubt();
    expect(tell).toHaveBeenLastCalledWith(expect.objectContaining({ how: 'registered' }));
    scroll(6);
    expect(right.at).toBe(6);
  });

  it('do not part those that move together when they are drawn', () => {
    const { together, right, doubt } = world();
    doubt('1.3');
    const join = vi.spyOn(together, 'join');
    right.element.dispatchEvent(new CustomEvent('CORNERSTONE_IMAGE_RENDERED'));
    expect(join).not.toHaveBeenCalled();
  });
});
