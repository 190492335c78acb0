// SPDX-License-Identifier: Apache-2.0
// Messages: those on their way, those that ended last, and the life of one.

import { h } from './dom.js';
import { ago, card, clock, count, id, pill, sentence, table } from './format.js';

const GOOD = new Set(['delivered']);
const BAD = new Set(['dead', 'quarantined', 'refused', 'dropped', 'orphaned']);

const kindOf = (state) => (GOOD.has(state) ? 'good' : BAD.has(state) ? 'bad' : state === 'retry' ? 'warn' : '');

const COLUMNS = [{ title: 'Message' }, { title: 'Way' }, { title: 'Nonce', number: true }, { title: 'State' }, { title: 'Since' }, { title: 'Reason' }];

const row = (message, now) => ({ key: message.id, cells: [id(message.id, `#/messages/${message.id}`), `${message.origin} to ${message.destination}`,
  count(message.nonce), pill(kindOf(message.state), message.state), ago(message.since, now), sentence(message.reason?.text ?? '')] });

export function messages(page, context) {
  const find = (event) => {
    event.preventDefault();
    const wanted = new FormData(event.target).get('id').trim().toLowerCase();
    if (/^(0x)?[0-9a-f]{64}$/.test(wanted)) location.hash = `#/messages/${wanted.startsWith('0x') ? wanted : `0x${wanted}`}`;
    else context.set({ search: 'An id is 0x and 64 digits.' });
  };
  const { list, cut } = { list: page.messages.messages, cut: page.messages.cut };
  return [
    h('form', { key: 'find', class: 'find', role: 'search', onsubmit: find },
      h('label', { for: 'find' }, 'Find a message'),
      h('input', { id: 'find', name: 'id', type: 'search', placeholder: '0x…', autocomplete: 'off', spellcheck: 'false', maxlength: '80' }),
      h('button', { type: 'submit' }, 'Show'), context.search && h('span', { role: 'alert' }, context.search)),
    card(`On their way${cut ? ' (the first 100)' : ''}`, table('Messages on their way', COLUMNS, list.map((message) => row(message, context.now)), 'Every message that was seen is finished.')),
    card('Ended last', table('Messages that ended last', COLUMNS, page.recent.map((message) => row(message, context.now)), 'none yet')),
  ];
}

// ---- one ----

const STEPS = [
  ['Seen', ['seen'], 'dispatched on its origin'],
  ['Final', ['queued'], 'it cannot be undone there any more'],
  ['Proved', ['security', 'storage', 'checkpoints'], 'validators signed for it'],
  ['Simulated', ['preparing', 'offered'], 'its delivery would succeed'],
  ['Sent', ['sent'], 'its transaction is on its way'],
  ['Included', ['included', 'elsewhere'], 'in a block of the destination'],
  ['Delivered', ['delivered'], 'final'],
];

/** How many steps are done; those that fail stand where they will go on. */
function progress(message) {
  if (message.state === 'delivered') return STEPS.length;
  const at = STEPS.findIndex(([, states]) => states.includes(message.state));
  if (at >= 0) return at;
  if (message.transaction) return 4;
  if (message.threshold !== null && message.signatures >= message.threshold && message.threshold > 0) return 3;
  return message.final_at ? 2 : 0;
}

function life(message) {
  const done = progress(message);
  const isOver = message.state === 'delivered' || BAD.has(message.state);
  const times = { Seen: message.seen_at, Final: message.final_at, Delivered: message.state === 'delivered' ? message.since : null };
  return h('ol', { class: 'life' }, STEPS.map(([title, , words], i) => {
    const state = i < done ? 'done' : i === done && !isOver ? 'now' : '';
    const sub = times[title] ? clock(times[title]) : title === 'Proved' && message.threshold
      ? `${message.signatures} of ${message.threshold} signatures` : words;
    return h('li', { key: title, class: state, 'aria-current': state === 'now' ? 'step' : null },
      h('strong', {}, title), h('span', {}, sub));
  }));
}

const facts = (list) => h('dl', {}, list.filter(([, value]) => value !== null && value !== undefined && value !== '')
  .flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));

const full = (value) => h('code', {}, value);

export function message(context, wanted) {
  const found = context.detail;
  const back = h('p', { key: 'back' }, h('a', { href: '#/messages' }, '← all messages'));
  if (!found || found.id !== wanted) return [back, h('p', { class: 'quiet' }, 'Reading…')];
  if (found.missing) return [back, card('No such message', h('p', {}, 'This node has not seen a message with this id.'), full(wanted))];
  const transaction = found.transaction;
  return [back,
    card(`${found.origin} to ${found.destination}, nonce ${found.nonce}`,
      h('p', {}, pill(kindOf(found.state), found.state), ' ', h('strong', {}, sentence(found.reason?.text ?? '')), h('span', { class: 'quiet' }, ` since ${ago(found.since, context.now)}`)),
      life(found),
      facts([['Message', full(found.id)], ['Sender', full(found.sender)], ['Recipient', full(found.recipient)],
        ['Dispatched', [`block ${count(found.origin_block)}, `, full(found.dispatch_transaction)]],
        ['Leaf', found.leaf_index === null ? null : count(found.leaf_index)],
        ['Failures', found.attempts > 0 ? `${count(found.attempts)}${found.next_try ? `; next try ${clock(found.next_try)}` : ''}` : null],
        ['It said', found.words], ['Paid', found.payment ? `${found.payment.paid} of ${found.payment.needed} ${found.payment.unit}` : null],
        ['Transaction', transaction ? [full(transaction.transaction ?? 'not signed yet'), ` nonce ${transaction.nonce}, ${transaction.included ? 'included' : 'not included yet'}`] : null],
        ['Delivered', found.delivered_block ? `block ${count(found.delivered_block)} of ${found.destination}` : null]])),
    found.validators.length > 0 && card('Validators', table('Signatures', [{ title: 'Validator' }, { title: 'Its signature' }],
      found.validators.map((validator) => ({ key: validator.validator, cells: [full(validator.validator), validator.proof === 'signed' ? pill('good', 'signed') : validator.proof] })))),
    h('p', { key: 'also', class: 'quiet' }, 'In a terminal: ', h('code', {}, `sluice why ${found.id}`)),
  ].filter(Boolean);
}
