/// The one script: it hears of changes, looks at the page again, and says when the coordinator is away.
enum Script {
    static let text = #"""
        "use strict";
        (() => {
          const body = document.body;
          const link = document.getElementById("link");
          const listens = body.dataset.listens;
          const isLive = body.dataset.live === "yes";
          // Many viewers hear of a change at once; they do not all ask at once.
          const pause = 1500 + Math.random() * 1000;
          let incarnation = null;
          let lost = false;
          let isLooking = false;
          let isStale = false;
          let last = 0;

          const say = (text, isBad) => {
            if (link.textContent !== text) link.textContent = text;
            link.classList.toggle("lost", isBad);
          };

          // The server writes every page whole; what differs is taken over, part by part.
          const look = async () => {
            if (!isLive) return;
            if (isLooking || document.hidden) { isStale = true; return; }
            const wait = last + pause - Date.now();
            if (wait > 0) {
              if (!isStale) { isStale = true; setTimeout(() => { isStale = false; look(); }, wait); }
              return;
            }
            isLooking = true;
            isStale = false;
            try {
              const answer = await fetch(location.href, { credentials: "same-origin" });
              if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
            } catch { /* the stream says when it is back */ }
            last = Date.now();
            isLooking = false;
            if (isStale) { isStale = false; look(); }
          };

          // What keyboards are at stays under them, however often its part is written anew.
          const reach = "a[href],summary,[tabindex]";
          const nameOf = (element) => element.getAttribute("href") ?? element.getAttribute("aria-label");
          const refocusing = (old, fresh) => {
            const focused = document.activeElement;
            if (!old.contains(focused) || !focused.matches(reach)) return () => {};
            const place = [...old.querySelectorAll(reach)].indexOf(focused);
            const all = [...fresh.querySelectorAll(reach)];
            const same = all.find((element) => nameOf(element) !== null && nameOf(element) === nameOf(focused));
            return () => (same ?? all[place])?.focus({ preventScroll: true });
          };

          // A screen reader hears of a run's end, not of every figure on the way.
          const news = document.getElementById("news");
          const said = new Map();
          const announce = () => {
            for (const { dataset } of document.querySelectorAll("[data-say]")) {
              if (said.has(dataset.of) && said.get(dataset.of) !== dataset.say) news.textContent = dataset.say;
              said.set(dataset.of, dataset.say);
            }
          };
          announce();

          const replace = (page) => {
            const main = document.getElementById("main");
            const fresh = page.getElementById("main");
            if (!fresh) return;
            const parts = (root) => [...root.querySelectorAll("[data-part]")];
            const names = (root) => parts(root).map((part) => part.id).join(" ");
            if (names(main) !== names(fresh)) {
              const focus = refocusing(main, document.adoptNode(fresh));
              main.replaceWith(fresh);
              focus();
              announce();
              return;
            }
            for (const part of parts(main)) {
              const other = page.getElementById(part.id);
              if (!other || other.innerHTML === part.innerHTML) continue;
              const focus = refocusing(part, document.adoptNode(other));
              const boxes = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
              part.replaceWith(other);
              // A box scrolls only where it is shown.
              [...other.querySelectorAll(".scroll")].forEach((box, index) => { box.scrollLeft = boxes[index] ?? 0; });
              focus();
            }
            announce();
          };

          const listen = () => {
            const stream = new EventSource("/api/v1/stream");
            stream.addEventListener("hello", (event) => {
              const now = JSON.parse(event.data).incarnation;
              if (lost || (incarnation !== null && incarnation !== now)) look();
              incarnation = now;
              lost = false;
              say("live", false);
            });
            stream.addEventListener("status", () => { if (listens !== "journal") look(); });
            stream.addEventListener("journal", () => look());
            stream.addEventListener("ready", (event) => { if (JSON.parse(event.data).key === listens) look(); });
            stream.addEventListener("reload", () => look());
            stream.addEventListener("error", () => {
              lost = true;
              say("The coordinator is away; trying again", true);
              // A refusal ends the stream for good: begin another.
              if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
            });
          };
          listen();
          document.addEventListener("visibilitychange", () => { if (!document.hidden && isStale) { isStale = false; look(); } });

          // Where a merged token went.
          const point = (event, isOn) => {
            const token = event.target.closest?.("[data-into]");
            if (!token) return;
            const strip = token.closest(".strip");
            for (const place of token.dataset.into.split(" ")) {
              strip.querySelector(`[data-at="${CSS.escape(place)}"]`)?.classList.toggle("target", isOn);
            }
          };
          for (const [name, isOn] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
            document.addEventListener(name, (event) => point(event, isOn));
          }
        })();
        """#
}
