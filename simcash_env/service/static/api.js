// The service's endpoints.

async function call(path, { method = "GET", body, signal, raw } = {}) {
  const answer = await fetch(path, {
    method,
    signal,
    headers: body === undefined ? {} : { "content-type": raw ? "application/octet-stream" : "application/json" },
    body: raw || body === undefined ? body : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? `${answer.status} ${answer.statusText}`);
  return content;
}

const api = (id) => `/simulations/${encodeURIComponent(id)}`;
const own = (id) => `/viewer/simulations/${encodeURIComponent(id)}`;

function query(values) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== "" && one !== null && one !== undefined) found.append(name, one);
    }
  }
  return found;
}

export const start = () => call("/viewer/start");
export const check = (view) => call("/viewer/check", { method: "POST", body: view });
export const create = (view) => call("/viewer/simulations", { method: "POST", body: view });
export const upload = (file, run) => call(`/viewer/records?${query({ name: file.name, run })}`, { method: "POST", body: file, raw: true });
export const openRecord = (file) => call("/viewer/records/open", { method: "POST", body: { file } });
export const keepCheckpoint = (body) => call("/viewer/checkpoints", { method: "POST", body });

export const list = () => call("/simulations");
export const scenario = async (id) => (await call(api(id))).scenario;
export const remove = (id) => call(api(id), { method: "DELETE" });
export const events = (id, wanted, signal) => call(`${api(id)}/events?${query(wanted)}`, { signal });

export const about = (id) => call(own(id));
export const frame = (id, wanted, signal) => call(`${own(id)}/frame?${query(wanted)}`, { signal });
export const track = (id, from_tick, bank) => call(`${own(id)}/track?${query({ from_tick, bank })}`);
export const score = (id) => call(`${own(id)}/score`);
export const tick = (id, wanted, orders) => call(`${own(id)}/tick?${query(wanted)}`, { method: "POST", body: orders });

export function stream(id, { onmessage, onclose }) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${api(id)}/ticks`);
  socket.onmessage = (event) => onmessage(JSON.parse(event.data));
  socket.onclose = (event) => onclose(event);
  return socket;
}
