"use strict";

const goalsUrl = "/api/v1/goals";
const byId = (id) => document.getElementById(id);
let token = "";

function say(text) {
  byId("message").textContent = text;
}

async function ask(method, url, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `The service answered ${answer.status}.`);
  }
  return answer.status === 204 ? null : answer.json();
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

function entry(goal) {
  const item = document.createElement("li");
  item.classList.toggle("done", goal.done);
  const title = document.createElement("span");
  title.textContent = goal.title;
  const change = { ...goal, done: !goal.done };
  item.append(
    title,
    button(goal.done ? "Reopen" : "Done", () => attempt(() => ask("PUT", `${goalsUrl}/${goal.id}`, change))),
    button("Delete", () => attempt(() => ask("DELETE", `${goalsUrl}/${goal.id}`))),
  );
  return item;
}

async function attempt(action) {
  try {
    await action();
    const goals = await ask("GET", goalsUrl);
    byId("list").replaceChildren(...goals.map(entry));
    say("");
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}

async function showRelease() {
  try {
    const health = await (await fetch("/api/health")).json();
    byId("release").textContent = `${health.version}, ${health.status}`;
  } catch {
    byId("release").textContent = "The service does not answer.";
  }
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  token = byId("token").value;
  const signedIn = await attempt(() => Promise.resolve());
  byId("sign-in").hidden = signedIn;
  byId("goals").hidden = !signedIn;
});

byId("new-goal").addEventListener("submit", async (event) => {
  event.preventDefault();
  const title = byId("title");
  if (await attempt(() => ask("POST", goalsUrl, { title: title.value }))) {
    title.value = "";
  }
});

showRelease();
