// Building blocks: elements whose content is text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ''));
  return node;
}

const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const byId = (id) => document.getElementById(id);

const number = new Intl.NumberFormat('en');
const count = (value) => number.format(value);

function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  if (share > 0 && share < 0.1) return '<\u00a00.1\u00a0%';
  return `${share.toFixed(1).replace(/\.0$/, '')}\u00a0%`;
}

// Control characters, bidirectional overrides and invisible separators are shown, not obeyed.
// Tabs and line breaks stay: the style keeps them.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

function visible(text) {
  return text.replace(/\r\n/g, '\n').replace(UNSEEN, (found) => {
    const code = found.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
  });
}

// A name (label, id, metadata value) in its own writing direction, which may break where its words end.
const name = (text, attributes) =>
  el('bdi', attributes, visible(text).split(/(?<=[_./-])/).flatMap((part, at) => (at ? [el('wbr'), part] : [part])));

const PREVIEW = 480;

// A text: its beginning, and a button for the rest. `length` is the whole one's where the page holds a part.
// `marks`: [start, end, class] in characters, to be shown in their place.
function textBlock(text, length, { preview = PREVIEW, marks = [] } = {}) {
  if (text === null || text === undefined) return null;
  if (!text.trim()) {
    return el('p', { class: 'text blank' }, text ? `(only white space: ${count(text.length)} characters)` : '(empty)');
  }
  const block = el('p', { class: 'text', dir: 'auto' });
  const reach = Math.max(0, ...marks.map(([, end]) => end)); // a mark is never cut off
  preview = Math.max(preview, reach + 80);
  const characters = [...text.slice(0, preview * 2 + 2)];
  const short = characters.length > preview * 1.25 ? characters.slice(0, preview).join('') : text;
  const whole = short === text;
  const show = (shown) => block.replaceChildren(...marked(shown, marks));
  show(whole ? text : `${short}\u2026`);
  const parts = [block];
  if (!whole) {
    let open = false;
    const total = [...text].length;
    const label = () => (open ? 'Show less' : `Show all ${count(total)} characters`);
    const button = el('button', { type: 'button', class: 'link more', 'aria-expanded': 'false' }, label());
    button.addEventListener('click', () => {
      open = !open;
      show(open ? text : `${short}\u2026`);
      button.textContent = label();
      button.setAttribute('aria-expanded', String(open));
    });
    parts.push(button);
  }
  if (length) {
    const held = count([...text].length);
    parts.push(el('p', { class: 'hint' }, `The page holds the first ${held} of ${count(length)} characters.`));
  }
  return el('div', { class: 'textblock' }, parts);
}

// The pieces of a text, marked ones as elements. Places count characters (code points), as everywhere in labelsift.
function marked(text, marks) {
  if (!marks.length) return [visible(text)];
  const characters = [...text];
  const cuts = [...new Set([0, characters.length, ...marks.flatMap(([start, end]) => [start, end])])].filter((at) => at <= characters.length).sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, at) => {
    const piece = visible(characters.slice(start, cuts[at + 1]).join(''));
    const kinds = [...new Set(marks.filter(([from, to]) => from <= start && cuts[at + 1] <= to).map((one) => one[2]))];
    return kinds.length ? el('mark', { class: kinds.join(' ') }, piece) : piece;
  });
}

// A table whose head sorts. Columns: { title, value(row), cell(row), numeric, descending }.
function sortableTable(columns, rows, { caption, limit = Infinity, noun = 'rows' }) {
  const body = el('tbody');
  let sorted = { at: -1, down: false };
  let shown = limit;
  const heads = columns.map((column, at) =>
    el(
      'th',
      { scope: 'col', class: column.numeric ? 'num' : null },
      el('button', { type: 'button', class: 'sort', onclick: () => sortBy(at) }, column.title),
    ),
  );
  const more = el('button', { type: 'button', class: 'link more', onclick: () => showAll() });

  function sortBy(at) {
    const first = columns[at].descending ?? Boolean(columns[at].numeric);
    sorted = { at, down: sorted.at === at ? !sorted.down : first };
    draw();
  }
  function showAll() {
    shown = shown === Infinity ? limit : Infinity;
    draw();
  }
  function draw() {
    const ordered = rows.slice();
    if (sorted.at >= 0) {
      const { value } = columns[sorted.at];
      ordered.sort((a, b) => compare(value(a), value(b)) * (sorted.down ? -1 : 1));
    }
    heads.forEach((head, at) => {
      head.setAttribute('aria-sort', at !== sorted.at ? 'none' : sorted.down ? 'descending' : 'ascending');
    });
    body.replaceChildren(
      ...ordered.slice(0, shown).map((row) =>
        el(
          'tr',
          {},
          columns.map((column, at) =>
            el(at ? 'td' : 'th', { scope: at ? null : 'row', class: column.numeric ? 'num' : null }, column.cell(row)),
          ),
        ),
      ),
    );
    more.hidden = rows.length <= limit;
    more.textContent = shown === Infinity ? 'Show fewer' : `Show all ${count(rows.length)} ${noun}`;
  }
  draw();
  const table = el('table', { 'aria-label': caption }, el('thead', {}, el('tr', {}, heads)), body);
  const scroll = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, table);
  return el('div', {}, el('p', { class: 'hint' }, caption), scroll, more);
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === 'string' ? collator.compare(a, b) : a - b;
}
