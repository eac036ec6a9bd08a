// Keeps the open page up to date, and tells the server whose time zone to use.
// Without it everything works: the page then reloads itself once a minute.
"use strict";
(() => {
  const base = document.documentElement.dataset.base;
  let wanted = false, busy = false, last = 0;

  function keepZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || document.cookie.includes(`tz=${zone}`)) return;
    document.cookie = `tz=${zone}; path=${base || "/"}; max-age=31536000; samesite=lax`;
    if (document.cookie.includes(`tz=${zone}`)) renew();
  }

  // Whoever fills in a form or reads a zoomed chart is not disturbed.
  function isBusyReader() {
    const at = document.activeElement;
    return document.hidden || document.querySelector("details.act[open], .plot, .zooming") !== null ||
      (at !== null && at.matches("input, select, textarea"));
  }

  async function renew() {
    if (busy || isBusyReader()) { wanted = true; return; }
    busy = true; wanted = false; last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const text = await answer.text();
      // Somebody may have begun to read closely, or to write, in the meantime.
      if (isBusyReader()) wanted = true;
      else show(new DOMParser().parseFromString(text, "text/html"));
    } catch { wanted = true; } finally { busy = false; }
  }

  function show(fresh) {
    const old = document.getElementById("main"), main = fresh.getElementById("main");
    const foot = fresh.querySelector("body > footer");
    if (!main || !foot) return; // cut off on its way
    const before = new Set(openIncidents(old));
    const opened = [...document.querySelectorAll("main details[open]")].map(d => place(d));
    const focused = old.contains(document.activeElement) ? place(document.activeElement) : null;
    old.replaceWith(document.adoptNode(main));
    document.querySelector("body > footer").replaceWith(document.adoptNode(foot));
    document.title = fresh.title;
    for (const index of opened) { const d = at(index); if (d && d.tagName === "DETAILS") d.open = true; }
    if (focused !== null) at(focused)?.focus({ preventScroll: true });
    const opened_now = [...main.querySelectorAll(".card")].filter(card => !before.has(incidentOf(card)));
    for (const card of opened_now) card.classList.add("changed");
    if (opened_now.length) document.getElementById("live").textContent = document.title;
    document.dispatchEvent(new CustomEvent("renewed"));
  }

  const incidentOf = card => card.querySelector("h2 a")?.getAttribute("href");
  const openIncidents = main => [...main.querySelectorAll(".card")].map(incidentOf);
  // An element is known by its number among all of main's: pages keep their shape.
  const place = element => [...document.querySelectorAll("main *")].indexOf(element);
  const at = index => document.querySelectorAll("main *")[index];

  function listen() {
    if (!document.getElementById("main") || location.pathname.endsWith("/login")) return;
    const stream = new EventSource(`${base}/live`);
    let first = true;
    stream.addEventListener("changed", () => {
      if (first) { first = false; return; }
      wanted = true;
    });
    // Where too many listen already, look every half minute.
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) setInterval(() => { wanted = true; }, 30000);
    });
    addEventListener("pagehide", () => stream.close());
    setInterval(() => { if (wanted && Date.now() - last > 2000) renew(); }, 250);
  }

  keepZone();
  listen();
})();
