"""What keys do to the session: arm and confirm, raise a trigger, mark, note; and keys that no person means."""

from __future__ import annotations

from collections.abc import Awaitable

from textual import events
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from cpr_cockpit.core.view import PlanChoice
from cpr_cockpit.tui import messages as told
from cpr_cockpit.tui.actions import BY_ID
from cpr_cockpit.tui.arming import GUARD_S
from cpr_cockpit.tui.face_app import FaceApp
from cpr_cockpit.tui.menus import MENUS, asked_after
from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.widgets.choice_menu import ChoiceMenu
from cpr_cockpit.tui.widgets.menu import TriggerMenu
from cpr_cockpit.tui.widgets.prompt import LONGEST, Prompt
from cpr_cockpit.tui.widgets.strategies import StrategyMenu

# What was said stays at least this long, whatever is typed.
_STATUS_S = 1.5
_FLOOD = "a flood of keys was left out: nothing of it was done"
_ASKED = {
    "ack": "Seen: what will you do?",
    "acknowledge": "Looked at: what did you see?",
    "extend": "Extend the window: what is awaited?",
    "take-over": "Take the lease over: why?",
    "close": "Close the run: a word for the record",
}


class KeyedApp(FaceApp):
    """A face whose keys meet the guard and what is armed before they meet a pane."""

    # The newest key, and whether it is the one before it, held.
    _key = ""
    _held = False
    _key_at = float("-inf")
    # Whether the newest key sent what was armed.
    _decided = False
    # What the prompt was opened for, and what was typed into it when F9 took its place.
    _asked: told.Question | None = None
    _draft = ""

    # A screen that was put on top and is not mounted yet.
    _coming: Awaitable[object] | None = None

    # -- keys --------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Each key does all that it does before the next one is looked at, whatever came in one read.

        So what follows the key that opens a prompt finds the prompt. Textual by itself lets keys overtake what the
        ones before them have begun.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._took_key(event) or await self._acted(event):
                return
        elif isinstance(event, events.Paste) and not event.is_forwarded and self._took_paste(event):
            return
        await super().on_event(event)

    def asking(self) -> Widget | None:
        """The prompt or the menu that has the keyboard; None where there is none, or a palette is over it."""
        here = self.screen if self._screen_stacks.get(self._current_mode) else None
        return here.asking if isinstance(here, CockpitScreen) else None

    def _took_key(self, event: events.Key) -> bool:
        at = self._monotonic()
        asking = self.asking()
        armed = self.decision.arming.armed
        # A text may come in one read, from a slow line or a terminal's paste without marks.
        text = isinstance(asking, Prompt) or (armed is not None and armed.in_reason)
        if self.guard.floods(at) and not text:
            if self.status != _FLOOD:
                self.say(_FLOOD)
            return True
        self._key, self._held = event.key, self.guard.repeats(event.key, at)
        self._key_at, self._decided = at, False
        if self.status and at - self._status_at >= _STATUS_S:
            self.status = ""
            self.draw()
        if asking is not None or not self.decision.arming.takes(event.key, event.character):
            return False
        command = self.decision.press(event.key, event.character)
        if command is not None:
            name, arguments = command
            self._decided = True
            if name == "start" and self.view is not None:
                # What was looked at; another face may have chosen another strategy a moment ago.
                arguments["plan"] = str(self.view.plan.number)
            self.send(name, arguments)
        self.draw()
        return True

    async def _acted(self, event: events.Key) -> bool:
        """Carry out what the key is bound to, here and now; while something is asked, only what belongs to that."""
        coming, self._coming = self._coming, None
        if coming is not None:
            await coming
        if not self._screen_stacks.get(self._current_mode):
            # The program is being left.
            return True
        if isinstance(self.screen, ModalScreen):
            return False
        asking = self.asking()
        if asking is not None:
            self.screen.set_focus(asking.field if isinstance(asking, Prompt) else asking, scroll_visible=False)
        found = self.screen.active_bindings.get(event.key)
        first = found is not None and found.binding.priority
        if isinstance(asking, Prompt) and event.is_printable and not first:
            asking.take(event.character or "")
            return True
        if found is not None and (asking is None or first or asking in found.node.ancestors_with_self):
            return await self.run_action(found.binding.action, found.node) or asking is not None
        if asking is not None and not isinstance(asking, Prompt) and event.is_printable:
            self.decision.arming.words = "the menu below waits: its number, or Esc; F9 is ROLL BACK"
            self.draw()
        return asking is not None

    def _took_paste(self, event: events.Paste) -> bool:
        if len(event.text) > LONGEST:
            self.say(f"a paste of {len(event.text):,} characters was left out")
            return True
        if self.asking() is None and self.decision.arming.armed is not None:
            self.decision.arming.paste(event.text)
            self.draw()
            return True
        if isinstance(asking := self.asking(), Prompt):
            asking.take(event.text.strip())
            return True
        return not isinstance(self.focused, Input)

    # -- the decision ------------------------------------------------------------------------------------------------

    async def action_arm(self, name: str) -> None:
        """Arm START, GO, ROLLBACK or what step 4 has, or say why not."""
        while isinstance(self.screen, ModalScreen):
            await self.pop_screen()
        if isinstance(self.screen, CockpitScreen):
            self._draft = await self.screen.clear() or self._draft
        shown = self.newest()
        panel = shown.panel
        if self.view is None or panel is None or self._read_only or shown.gone_since is not None:
            self.say(f"{BY_ID[name].label} is not possible now: {BY_ID[name].why_not(shown)}")
        elif not self.decision.arm(name, panel, self._key) and self.decision.words:
            why = BY_ID[name].why_not(shown)
            self.say(f"{BY_ID[name].label} is not possible now: {why}" if why else self.decision.words)
            if self.decision.arming.armed is None:
                # It is told in the foot; the panel keeps its lines for what the run needs.
                self.decision.arming.words = ""
        # Keys are taken from the end of the guard on: the panel says so then.
        self.set_timer(GUARD_S + 0.05, self.draw)
        self.draw()

    async def action_triggers(self) -> None:
        """The menu of the triggers."""
        if why := BY_ID["trigger"].why_not(self.newest()):
            self.say(f"A trigger cannot be raised now: {why}")
        else:
            await self._put(TriggerMenu(self._trigger_chosen))

    async def _put(self, asking: Widget) -> None:
        """Give the keyboard to a prompt or a menu: nothing stays armed under it."""
        if isinstance(self.screen, CockpitScreen):
            if self.decision.arming.armed is not None:
                self.decision.arming.disarm("disarmed by what was asked for then: nothing was sent")
            await self.screen.put(asking)
            self.draw()

    async def _clear(self) -> None:
        """Give the keyboard back to the panes."""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()

    async def on_foot_left(self, event: told.FootLeft) -> None:
        """Take the menu away, unless something else has its place already."""
        if isinstance(self.screen, CockpitScreen) and self.screen.asking is event.menu:
            await self.screen.clear()

    async def _trigger_chosen(self, trigger: str, key: str) -> None:
        """Arm the trigger."""
        await self._clear()
        if trigger and self.view is not None:
            self.decision.arm_trigger(trigger, self.view.panel, key)
            self.set_timer(GUARD_S + 0.05, self.draw)
        self.draw()

    # -- the strategy ------------------------------------------------------------------------------------------------

    async def action_strategies(self) -> None:
        """The menu of the strategies."""
        if why := BY_ID["strategy"].why_not(self.newest()):
            self.say(f"The strategy cannot be changed now: {why}")
        elif self.view is not None:
            await self._put(StrategyMenu(self.view.plan.choices, self._strategy_chosen))

    async def _strategy_chosen(self, choice: PlanChoice | None) -> None:
        """Ask the session for it; what cannot be taken is told with its reason, and nothing is sent."""
        await self._clear()
        if choice is None:
            return
        name = choice.label.partition(":")[0]
        if choice.why_not:
            self.say(f"{name} cannot be taken now: {choice.why_not}")
        elif choice.chosen and choice.key == name:
            self.say(f"{name} is chosen already: nothing was sent")
        else:
            self.send("choose", {"choice": choice.key})

    # -- commands ----------------------------------------------------------------------------------------------------

    def request(self, name: str, arguments: dict[str, str]) -> None:
        """Send what a screen asks for; a held key asks once."""
        if not self._held:
            self.send(name, arguments)

    async def ask(self, question: told.Question) -> None:
        """Ask for a line, with what was typed before F9 took its place; the next key is the line's."""
        draft = self._draft if self._asked == question else ""
        self._asked, self._draft = question, ""
        if self._read_only:
            self.say("this face is read-only: nothing can be sent")
        else:
            await self._put(Prompt(question.title, draft, self._answered))

    async def _answered(self, words: str | None) -> None:
        """Send the line with what it was asked for; of one that was left nothing is kept.

        In another place it would be signed as what it was not meant for.
        """
        asked, self._asked, self._draft = self._asked, None, ""
        await self._clear()
        if asked is not None and words is not None:
            self.send(asked.name, {**asked.arguments, asked.argument: words})

    async def action_note(self) -> None:
        """Ask for a note."""
        if why := BY_ID["note"].why_not(self.newest()):
            self.say(f"No note now: {why}")
        else:
            await self.ask(told.Question("Note", "note", "words"))

    async def action_menu(self, name: str) -> None:
        """The menu of an action whose words are asked for after a choice."""
        if why := BY_ID[name].why_not(self.newest()):
            self.say(f"No {name} can be recorded now: {why}")
        else:
            await self._put(ChoiceMenu(name, MENUS[name], self._word_chosen))

    async def _word_chosen(self, menu: str, word: str) -> None:
        """Ask for the words."""
        await self._clear()
        if word:
            await self.ask(asked_after(menu, word))

    async def action_ask(self, name: str) -> None:
        """Ask for the words of what is to be recorded with them."""
        action = BY_ID[name]
        if why := action.why_not(self.newest()):
            self.say(f"{action.label} is not possible now: {why}")
        else:
            control = self.view.panel.second if self.view is not None else None
            title = _ASKED.get(name) or (control.label if control is not None else action.label)
            await self.ask(told.Question(title, name.replace("-", "_"), "words"))
