// The map's samples, unpacked from their block: see map.py for what stands where in it.

const NO_VALUE = 65_535;

async function unpackMap({ data }) {
  const packed = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let from = 4 + length;
  const next = (Kind) => {
    const values = new Kind(buffer, from, head.rows);
    from += values.byteLength;
    return values;
  };
  const flags = Array.from({ length: Math.ceil(head.issues.length / 32) }, () => next(Uint32Array));
  const [x, y] = [next(Uint16Array), next(Uint16Array)];
  const columns = head.columns.map((column) => ({ ...column, codes: next(Uint16Array) }));
  const issuesOf = (point) => head.issues.filter((_, place) => (flags[place >> 5][point] >>> (place & 31)) & 1);
  return { ...head, x, y, columns: [...issueColumn(head, issuesOf), ...columns], issuesOf };
}

// The rarest issue of each sample gives it its color; in the legend it counts for each that it has.
function issueColumn({ issues, rows }, issuesOf) {
  if (!issues.length) return [];
  const order = new Map(issues.map(([issue], place) => [issue, place]));
  const all = Array.from({ length: rows }, (_, point) => issuesOf(point).map(([issue]) => order.get(issue)));
  const sizes = new Uint32Array(issues.length);
  for (const places of all) for (const place of places) sizes[place] += 1;
  const codes = Uint16Array.from(all, (places) => (places.length ? places.reduce((a, b) => (sizes[b] < sizes[a] ? b : a)) : NO_VALUE));
  const has = (point, code) => (code === NO_VALUE ? !all[point].length : all[point].includes(code));
  return [{ name: 'Issue', kind: 'issue', values: issues.map(([, title]) => title), codes, has, sizes }];
}
const hasValue = (column, point, code) => (column.has ? column.has(point, code) : column.codes[point] === code);

// The points of each value of a column, the most frequent first; those without any last.
function tallyCodes({ values, codes, sizes: known }) {
  const sizes = new Uint32Array(values.length + 1);
  for (const code of codes) sizes[code === NO_VALUE ? values.length : code] += 1;
  if (known) sizes.set(known);
  const entries = [...sizes].map((size, code) => ({ code: code === values.length ? NO_VALUE : code, size })).filter(({ size }) => size);
  return entries.sort((a, b) => (a.code === NO_VALUE) - (b.code === NO_VALUE) || b.size - a.size || a.code - b.code);
}

const NO_WORDS = { issue: 'No issue', label: 'No label', suggestion: 'Nothing suggested', language: 'Not sure' };
const valueWords = ({ values, kind }, code) => (code === NO_VALUE ? NO_WORDS[kind] ?? '(missing)' : values[code].trim() ? visible(values[code]) : '(empty)');

// Which points lie near a place: a grid over the map, each cell with its points.
function gridOf({ x, y, rows }, cells = 96) {
  const cellOf = (value) => Math.min(cells - 1, Math.max(0, Math.floor((value / 65_536) * cells)));
  const grid = new Map();
  for (let point = 0; point < rows; point += 1) {
    const key = cellOf(y[point]) * cells + cellOf(x[point]);
    if (grid.has(key)) grid.get(key).push(point);
    else grid.set(key, [point]);
  }
  return function nearest(atX, atY, reach, wanted) {
    let best = -1;
    let least = reach * reach;
    for (let row = cellOf(atY - reach); row <= cellOf(atY + reach); row += 1) {
      for (let column = cellOf(atX - reach); column <= cellOf(atX + reach); column += 1) {
        for (const point of grid.get(row * cells + column) || []) {
          const distance = (x[point] - atX) ** 2 + (y[point] - atY) ** 2;
          if (distance <= least && wanted(point)) [best, least] = [point, distance];
        }
      }
    }
    return best;
  };
}
