// How people move about the map and choose on it: mouse, wheel, fingers and keys.

const STEP = 1.5; // of a zoom
const CLICK = 5; // pixels that a click may move

function mapGestures(canvas, view, { choose, hover, mode }) {
  const pointers = new Map(); // id → [x, y]
  let began = null; // where one pointer went down: { x, y, lasso, moved }
  let pinch = null;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const pair = () => {
    const [[ax, ay], [bx, by]] = [...pointers.values()];
    return { apart: Math.hypot(ax - bx, ay - by), x: (ax + bx) / 2, y: (ay + by) / 2 };
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    hover(-1);
    if (pointers.size === 2) {
      pinch = pair();
      began = null;
      view.set({ lasso: null });
      return;
    }
    const [x, y] = at(event);
    began = { x, y, lasso: event.shiftKey || mode() === 'lasso', moved: false };
    if (began.lasso) view.set({ lasso: [[x, y]] });
  });

  canvas.addEventListener('pointermove', (event) => {
    const [x, y] = at(event);
    if (!pointers.has(event.pointerId)) return hover(view.pointAt(x, y));
    const [beforeX, beforeY] = pointers.get(event.pointerId);
    pointers.set(event.pointerId, [x, y]);
    if (pinch && pointers.size === 2) {
      const now = pair();
      view.zoomBy(now.apart / Math.max(pinch.apart, 1), now.x, now.y);
      view.panBy(now.x - pinch.x, now.y - pinch.y);
      pinch = now;
    } else if (began) {
      began.moved ||= Math.hypot(x - began.x, y - began.y) > CLICK;
      if (began.lasso) view.set({ lasso: [...view.state.lasso, [x, y]] });
      else if (began.moved) view.panBy(x - beforeX, y - beforeY);
    }
  });

  function end(event, done) {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size < 2) pinch = null;
    if (!began) return;
    const { lasso, moved, x, y } = began;
    const corners = view.state.lasso;
    began = null;
    view.set({ lasso: null });
    if (!done) return;
    if (lasso && moved) return choose(view.within(corners));
    if (moved) return;
    const point = view.pointAt(x, y);
    choose(point < 0 ? [] : [point]);
    hover(point);
  }
  canvas.addEventListener('pointerup', (event) => end(event, true));
  canvas.addEventListener('pointercancel', (event) => end(event, false));
  canvas.addEventListener('pointerleave', () => hover(-1));

  // The wheel moves the page until the map was clicked or reached by keys, as it would trap the reader otherwise.
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      view.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), ...at(event));
    },
    { passive: false },
  );

  const part = () => Math.min(view.size.width, view.size.height) / 6;
  const keys = {
    ArrowLeft: () => view.panBy(part(), 0),
    ArrowRight: () => view.panBy(-part(), 0),
    ArrowUp: () => view.panBy(0, part()),
    ArrowDown: () => view.panBy(0, -part()),
    '+': () => view.zoomBy(STEP),
    '=': () => view.zoomBy(STEP),
    '-': () => view.zoomBy(1 / STEP),
    0: () => view.fit(),
    v: () => choose(view.inView()),
    Escape: () => choose([]),
  };
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
}
