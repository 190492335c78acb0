// SPDX-License-Identifier: Apache-2.0
// A tree of what the page should be, and the least changes that make it so: what has the focus or
// is being read keeps its place while numbers change. Text is only ever text: there is no way to
// give HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** One element. `props`: attributes; `on…` are listeners; `key` keeps its place among others. */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, children: children.flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false) };
}

function make(node, isSvg) {
  if (typeof node !== 'object') return document.createTextNode(String(node));
  const inSvg = isSvg || node.tag === 'svg';
  const element = inSvg ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
  element.listeners = {};
  update(element, node, inSvg);
  return element;
}

function setListener(element, name, listener) {
  const old = element.listeners[name];
  if (old === listener) return;
  if (old) element.removeEventListener(name, old);
  if (listener) element.addEventListener(name, listener);
  element.listeners[name] = listener;
}

function setProps(element, props) {
  for (const name of element.getAttributeNames()) {
    if (!(name in props)) element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(props)) {
    if (name === 'key' || name === 'value') continue;
    if (name.startsWith('on')) setListener(element, name.slice(2), value);
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
}

const isSame = (dom, node) => typeof node !== 'object'
  ? dom.nodeType === Node.TEXT_NODE
  : dom.nodeType === Node.ELEMENT_NODE && dom.localName === node.tag && dom.key === node.props.key;

/** Makes the children of `element` those of the list. */
export function patch(element, list, isSvg = false) {
  const keyed = new Map();
  for (const child of element.childNodes) if (child.key !== undefined) keyed.set(child.key, child);
  let at = element.firstChild;
  for (const node of list) {
    const known = node.props?.key !== undefined ? keyed.get(node.props.key) : undefined;
    if (known && known !== at && isSame(known, node)) {
      element.insertBefore(known, at);
      at = known;
    }
    if (at && isSame(at, node)) {
      if (typeof node === 'object') update(at, node, isSvg);
      else if (at.data !== String(node)) at.data = String(node);
      at = at.nextSibling;
    } else {
      element.insertBefore(make(node, isSvg), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function update(element, node, isSvg) {
  const inSvg = isSvg || node.tag === 'svg';
  element.key = node.props.key;
  setProps(element, node.props);
  patch(element, node.children, inSvg);
}
