// What the viewer cannot decode reaches the node once; what did not come does not; what comes right is taken back.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isUndecoded, Undecoded } from './undecoded.mjs';

const STUDY = '1.2.3';
const id = n => `wadors:http://here/dicomweb/studies/${STUDY}/series/1.2.3.4/instances/1.2.3.4.${n}/frames/2`;

function world(answers = () => 204) {
  const told = [];
  vi.stubGlobal('fetch', vi.fn(async (address, { body }) => {
    told.push([address, JSON.parse(body)]);
    const status = answers();
    return new Response(status === 204 ? null : 'no', { status });
  }));
  const target = new window.EventTarget();
  window.cornerstone = { eventTarget: target };
  let added;
  new Undecoded({ studies: [STUDY] }).start({ displaySetService: { EVENTS: { DISPLAY_SETS_ADDED: 'added' }, subscribe: (_, tell) => { added = tell; } } });
  added();
  added();
  const fails = (imageId, error) => target.dispatchEvent(new CustomEvent('CORNERSTONE_IMAGE_LOAD_FAILED', { detail: { imageId, error } }));
  const loads = imageId => target.dispatchEvent(new CustomEvent('CORNERSTONE_IMAGE_LOADED', { detail: { image: { imageId } } }));
  return { told, fails, loads };
}

const settled = () => new Promise(done => setTimeout(done));

afterEach(() => vi.unstubAllGlobals());

describe('an image that cannot be decoded', () => {
  it('is told once, and taken back when it can be', async () => {
    const { told, fails, loads } = world();
    loads(id(1));
    fails(id(1), new Error('JPEG: unexpected end'));
    fails(id(1), new Error('JPEG: unexpected end'));
    await settled();
    const address = `/api/studies/${STUDY}/undecoded`;
    const frame = { series: '1.2.3.4', instance: '1.2.3.4.1', frame: 2 };
    expect(told).toEqual([[address, { ...frame, decoded: false }]]);
    loads(id(1));
    await settled();
    expect(told.at(-1)).toEqual([address, { ...frame, decoded: true }]);
    expect(told).toHaveLength(2);
  });

  it('is not one that did not come, nor one of another study', async () => {
    const { told, fails } = world();
    for (const status of [0, 401, 404, 503]) fails(id(1), { status });
    fails(id(1).replace(STUDY, '1.2.4'), new Error('no'));
    await settled();
    expect(told).toEqual([]);
    expect(isUndecoded({ error: { status: 406 } })).toBe(true);
  });

  it('is told again where the node did not hear it', async () => {
    let status = 503;
    const { told, fails } = world(() => status);
    fails(id(1), new Error('no'));
    await settled();
    status = 204;
    fails(id(1), new Error('no'));
    await settled();
    fails(id(1), new Error('no'));
    await settled();
    expect(told).toHaveLength(2);
  });
});
