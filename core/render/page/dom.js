// Building blocks: elements whose content is text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
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
  return text.replace(/\r\n/g, '\n').replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
  });
}

// A name (label, id, metadata value) in its own writing direction, which may break where its words end.
const name = (text, attributes) =>
  el('bdi', attributes, visible(text).split(/(?<=[_./-])/).flatMap((part, place) => (place ? [el('wbr'), part] : [part])));

// A value of the user's own fields: one that is empty, or blank, and one that is not there are named as such.
function metaValue(value) {
  if (value === null) return el('span', { class: 'quiet' }, '(missing)');
  return value.trim() ? name(value) : el('span', { class: 'quiet' }, value ? '(blank)' : '(empty)');
}
const metaWords = (value) => metaValue(value).textContent;

// What stands behind the page's address for an anchor.
const addressOf = (anchor) => `#${encodeURIComponent(anchor).replace(/%3A/g, ':')}`;

const PREVIEW = 480;

// A text: its beginning, and a button for the rest. `length` is the whole one's where the page holds a part.
// `marks`: [start, end, class] in characters, to be shown in their place.
function textBlock(text, length, { preview = PREVIEW, marks = [] } = {}) {
  if (text === null || text === undefined) return null;
  if (!text.trim()) {
    return el('p', { class: 'text blank' }, text ? `(only white space: ${count(text.length)} characters)` : '(empty)');
  }
  const block = el('p', { class: 'text', dir: 'auto' });
  const reach = Math.max(0, ...marks.filter(([, , kind]) => !kind.startsWith('telling')).map(([, end]) => end)); // a span is never cut off
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
    const kept = count([...text].length);
    parts.push(el('p', { class: 'hint' }, `The page holds the first ${kept} of ${count(length)} characters.`));
  }
  return el('div', { class: 'textblock' }, parts);
}

// The pieces of a text, marked ones as elements. Places count characters (code points), as everywhere in labelsift.
function marked(text, marks) {
  if (!marks.length) return [visible(text)];
  const characters = [...text];
  const ends = marks.flatMap(([start, end]) => [start, end]).filter((end) => end < characters.length);
  const cuts = [...new Set([0, ...ends, characters.length])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1];
    const piece = visible(characters.slice(start, end).join(''));
    const kinds = [...new Set(marks.filter(([from, to]) => from <= start && end <= to).map(([, , kind]) => kind))];
    return kinds.length ? el('mark', { class: kinds.join(' ') }, piece) : piece;
  });
}

// A table whose head sorts; on a narrow page each row becomes a block of titled values, so that no column is cut.
// Columns: { title, value(row), cell(row), numeric, descending }. The roles hold where the style lays it out anew.
function sortableTable(columns, rows, { caption, hint = null, limit = Infinity, noun = 'rows' }) {
  const body = el('tbody', { role: 'rowgroup' });
  let sorted = { column: -1, down: false };
  let shown = limit;
  const heads = columns.map((column, index) =>
    el(
      'th',
      { scope: 'col', role: 'columnheader', class: column.numeric ? 'num' : null },
      el('button', { type: 'button', class: 'sort', onclick: () => sortBy(index) }, column.title),
    ),
  );
  const more = el('button', { type: 'button', class: 'link more', onclick: () => showAll() });

  function sortBy(column) {
    const first = columns[column].descending ?? Boolean(columns[column].numeric);
    sorted = { column, down: sorted.column === column ? !sorted.down : first };
    draw();
  }
  function showAll() {
    shown = shown === Infinity ? limit : Infinity;
    draw();
  }
  const cellOf = (row) => (column, index) =>
    el(
      index ? 'td' : 'th',
      { scope: index ? null : 'row', role: index ? 'cell' : 'rowheader', class: column.numeric ? 'num' : null, 'data-title': column.title },
      column.cell(row),
    );
  function draw() {
    const ordered = rows.slice();
    if (sorted.column >= 0) {
      const { value } = columns[sorted.column];
      ordered.sort((a, b) => compare(value(a), value(b)) * (sorted.down ? -1 : 1));
    }
    heads.forEach((head, index) => {
      head.setAttribute('aria-sort', index !== sorted.column ? 'none' : sorted.down ? 'descending' : 'ascending');
    });
    body.replaceChildren(...ordered.slice(0, shown).map((row) => el('tr', { role: 'row' }, columns.map(cellOf(row)))));
    more.hidden = rows.length <= limit;
    more.textContent = shown === Infinity ? 'Show fewer' : `Show all ${count(rows.length)} ${noun}`;
  }
  draw();
  const head = el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, heads));
  const table = el('table', { class: 'stacked', role: 'table', 'aria-label': caption }, head, body);
  return el('div', {}, hint ? el('p', { class: 'hint' }, hint) : null, el('div', { class: 'scroll' }, table), more);
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === 'string' ? collator.compare(a, b) : a - b;
}
