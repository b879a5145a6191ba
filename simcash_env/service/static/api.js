// The service's endpoints.

async function call(path, { method = "GET", body, signal } = {}) {
  const answer = await fetch(path, {
    method,
    signal,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? `${answer.status} ${answer.statusText}`);
  return content;
}

const at = (id) => `/simulations/${encodeURIComponent(id)}`;
const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null));

export const scenarios = () => call("/scenarios");
export const list = () => call("/simulations");
export const create = (body) => call("/simulations", { method: "POST", body });
export const detail = (id) => call(at(id));
export const tick = (id, many) => call(`${at(id)}/tick?count=${many}`, { method: "POST" });
export const state = (id, at_tick, signal) => call(`${at(id)}/state?${query({ tick: at_tick })}`, { signal });
export const metrics = (id, from) => call(`${at(id)}/metrics?${query({ from_tick: from, limit: 10000 })}`);
export const events = (id, wanted, signal) => call(`${at(id)}/events?${query(wanted)}`, { signal });

export function stream(id, { onmessage, onclose }) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${at(id)}/ticks`);
  socket.onmessage = (event) => onmessage(JSON.parse(event.data));
  socket.onclose = (event) => onclose(event);
  return socket;
}
