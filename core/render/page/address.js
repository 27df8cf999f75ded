// What the list shows, in the page's address (#samples?issue=label&labeled=refund): a filter can be sent, and reloaded.

const ORDERS = [
  ['worst', 'Worst first'],
  ['sure', 'Surest suggestion first'],
  ['label', 'By given label'],
  ['id', 'By id'],
];
const NO_FILTER = { issue: '', search: '', given: '', suggested: '', meta: '', slice: '', order: 'worst', page: 0 };
const PARAMETERS = { search: 'search', given: 'labeled', suggested: 'suggested' };
const PREFIX = '#samples?';

// The terms [column, value] that must all hold; null is a missing value.
function termsOf(meta) {
  const terms = meta ? JSON.parse(meta) : [];
  return Array.isArray(terms[0]) ? terms : terms.length ? [terms] : [];
}
const metaOfTerms = (terms) => (terms.length ? JSON.stringify(terms.length > 1 ? terms : terms[0]) : '');

function writeState(state) {
  const words = new URLSearchParams({ issue: state.issue || 'all' });
  for (const [key, parameter] of Object.entries(PARAMETERS)) if (state[key]) words.set(parameter, state[key]);
  for (const [column, value] of termsOf(state.meta)) words.append(...(value === null ? ['missing', column] : [`meta.${column}`, value]));
  if (state.slice) words.set('slice', state.slice);
  if (state.order !== 'worst') words.set('order', state.order);
  if (state.page) words.set('page', state.page + 1);
  return PREFIX + words;
}

// The state that an address names; null where it names none. What the page does not know is left out.
function readState(hash, { issues, columns, slices }) {
  if (!hash.startsWith(PREFIX)) return null;
  const words = new URLSearchParams(hash.slice(PREFIX.length));
  const state = { ...NO_FILTER };
  for (const [key, parameter] of Object.entries(PARAMETERS)) state[key] = words.get(parameter) ?? '';
  if (issues.includes(words.get('issue'))) state.issue = words.get('issue');
  if (ORDERS.some(([order]) => order === words.get('order'))) state.order = words.get('order');
  if (slices.has(words.get('slice'))) state.slice = words.get('slice');
  const page = Number(words.get('page'));
  if (Number.isSafeInteger(page) && page > 0) state.page = page - 1;
  const present = [...words].filter(([word]) => word.startsWith('meta.')).map(([word, value]) => [word.slice('meta.'.length), value]);
  const missing = words.getAll('missing').map((column) => [column, null]);
  state.meta = metaOfTerms([...present, ...missing].filter(([column]) => columns.includes(column)));
  return state;
}

// Keep a state in the address; a new tab of the list is a step that the browser goes back from.
function remember(state, { step }) {
  const hash = writeState(state);
  if (hash === location.hash) return;
  try {
    history[step ? 'pushState' : 'replaceState'](null, '', hash);
  } catch {
    // A frame without an address of its own, as some servers show artifacts in: the list works all the same.
  }
}
