// SPDX-License-Identifier: Apache-2.0
// The page follows the node over one websocket; what is shown depends on the address behind '#'.

import { h, patch } from './dom.js';
import { ago, count } from './format.js';
import { overview } from './overview.js';
import { capital } from './capital.js';
import { message, messages } from './messages.js';
import { health } from './health.js';

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;
const SECTIONS = [
  ['overview', 'Overview', overview],
  ['capital', 'Capital', capital],
  ['messages', 'Messages', messages],
  ['health', 'Health', health],
];

const app = { page: null, heard: 0, connected: false, retry: RETRY_MIN_MS, detail: null, asset: null,
  search: '', frame: 0 };

function place() {
  const [section, argument] = location.hash.replace(/^#\/?/, '').split('/');
  return { section: SECTIONS.some(([name]) => name === section) ? section : 'overview', argument };
}

// ---- state of the node ----

function nodeState() {
  const { page, connected } = app;
  if (!connected) return ['bad', 'no connection: trying again'];
  if (!page) return ['', 'connected'];
  if (page.status.node?.paused) return ['warn', 'paused by a person'];
  if (!page.health.ready) return ['bad', 'not ready'];
  return ['good', 'ready'];
}

function showFrame() {
  const { page } = app;
  const [kind, words] = nodeState();
  const { section } = place();
  const state = document.getElementById('state');
  state.className = `state ${kind}`;
  if (state.textContent !== words) state.textContent = words;
  document.getElementById('node').textContent = page?.status.node?.name ?? '';
  patch(document.getElementById('nav'), SECTIONS.map(([name, title]) =>
    h('a', { href: `#/${name}`, 'aria-current': name === section ? 'page' : null }, title)));
  if (!page) return;
  patch(document.getElementById('foot'), [`${page.build} · ${count(page.status.node?.records)} records · `,
    `last step ${ago(page.status.node?.last_at, Date.now())} · `,
    h('a', { href: '/metrics' }, 'metrics'), ' · ', h('a', { href: '/readyz' }, 'readiness')]);
  document.title = `${kind === 'good' ? '' : `${words} · `}${page.status.node?.name ?? 'node'} · Sluice`;
}

function show() {
  app.frame = 0;
  showFrame();
  if (!app.page) return;
  const { section, argument } = place();
  const context = { ...app, now: Date.now(), set: (change) => { Object.assign(app, change); plan(); } };
  const main = document.getElementById('main');
  main.classList.toggle('stale', !app.connected);
  if (section === 'messages' && argument) patch(main, message(context, argument));
  else patch(main, SECTIONS.find(([name]) => name === section)[2](app.page, context));
}

/** Once per frame, however much arrives. A page nobody sees waits. */
function plan() {
  if (!app.frame) app.frame = requestAnimationFrame(show);
}

// ---- one message ----

async function loadDetail() {
  const { section, argument } = place();
  if (section !== 'messages' || !/^0x[0-9a-f]{64}$/.test(argument ?? '')) {
    app.detail = null;
    return;
  }
  try {
    const answer = await fetch(`/api/messages/${argument}`);
    app.detail = answer.ok ? await answer.json() : { id: argument, missing: true };
  } catch {
    return; // the connection is down; what is shown stays
  }
  plan();
}

// ---- the connection ----

function connect() {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`, 'sluice-live');
  socket.onopen = () => {
    app.connected = true;
    app.retry = RETRY_MIN_MS;
    plan();
  };
  socket.onmessage = ({ data }) => {
    app.page = JSON.parse(data);
    app.heard = Date.now();
    plan();
    loadDetail();
  };
  socket.onclose = () => {
    app.connected = false;
    plan();
    setTimeout(connect, app.retry);
    app.retry = Math.min(2 * app.retry, RETRY_MAX_MS);
  };
}

async function begin() {
  addEventListener('hashchange', () => {
    app.detail = null;
    loadDetail();
    plan();
    document.getElementById('main').focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  connect();
  setInterval(plan, 5000); // ages grow
  loadDetail();
  const answer = await fetch('/api/page').catch(() => null);
  if (answer?.ok && !app.page) {
    app.page = await answer.json();
    plan();
  }
}

begin();
