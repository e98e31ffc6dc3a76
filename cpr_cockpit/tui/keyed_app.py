"""What keys do to the session: arm and confirm, raise a trigger, mark, note; and keys that no person means."""

from __future__ import annotations

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

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
    # What the prompt was opened for, and what was typed into it when F9 took its place.
    _asked: told.PromptOpened | None = None
    _draft = ""

    # -- keys --------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys meet the guard and what is armed before anything else; a long paste meets nothing."""
        if isinstance(event, events.Key) and not event.is_forwarded and self._took_key(event):
            return
        if isinstance(event, events.Paste) and not event.is_forwarded and self._took_paste(event):
            return
        await super().on_event(event)

    def _took_key(self, event: events.Key) -> bool:
        at = self._monotonic()
        if self.guard.floods(at):
            return True
        self._key, self._held = event.key, self.guard.repeats(event.key, at)
        if self.status and at - self._status_at >= _STATUS_S:
            self.status = ""
            self.draw()
        if not self.decision.arming.takes(event.key, event.character):
            return False
        command = self.decision.press(event.key, event.character)
        if command is not None:
            name, arguments = command
            if name == "start" and self.view is not None:
                # What was looked at; another face may have chosen another strategy a moment ago.
                arguments["plan"] = str(self.view.plan.number)
            self.send(name, arguments)
        self.draw()
        return True

    def _took_paste(self, event: events.Paste) -> bool:
        if len(event.text) > LONGEST:
            self.say(f"a paste of {len(event.text):,} characters was left out")
            return True
        if self.decision.arming.armed is not None:
            self.decision.arming.paste(event.text)
            self.draw()
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
            self.say(self.decision.words)
        # Keys are taken from the end of the guard on: the panel says so then.
        self.set_timer(GUARD_S + 0.05, self.draw)
        self.draw()

    async def action_triggers(self) -> None:
        """The menu of the triggers."""
        if why := BY_ID["trigger"].why_not(self.newest()):
            self.say(f"A trigger cannot be raised now: {why}")
        elif isinstance(self.screen, CockpitScreen) and not self.screen.query(TriggerMenu):
            await self.screen.put(TriggerMenu())

    async def on_trigger_menu_chosen(self, event: TriggerMenu.Chosen) -> None:
        """Arm the trigger."""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()
        if event.trigger and self.view is not None:
            self.decision.arm_trigger(event.trigger, self.view.panel, event.key)
            self.set_timer(GUARD_S + 0.05, self.draw)
        self.draw()

    # -- the strategy ------------------------------------------------------------------------------------------------

    async def action_strategies(self) -> None:
        """The menu of the strategies."""
        if why := BY_ID["strategy"].why_not(self.newest()):
            self.say(f"The strategy cannot be changed now: {why}")
        elif isinstance(self.screen, CockpitScreen) and self.view is not None and not self.screen.query(StrategyMenu):
            await self.screen.put(StrategyMenu(self.view.plan.choices))

    async def on_strategy_menu_chosen(self, event: StrategyMenu.Chosen) -> None:
        """Ask the session for it; what cannot be taken is told with its reason, and nothing is sent."""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()
        choice = event.choice
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

    def on_command_asked(self, event: told.CommandAsked) -> None:
        """Send what a screen asked for; a held key asks once."""
        if not self._held:
            self.send(event.name, event.arguments)

    async def on_prompt_opened(self, event: told.PromptOpened) -> None:
        """Ask for a line, with what was typed before F9 took its place."""
        draft = self._draft if self._asked == event else ""
        self._asked, self._draft = event, ""
        if self._read_only:
            self.say("this face is read-only: nothing can be sent")
        elif isinstance(self.screen, CockpitScreen):
            await self.screen.put(Prompt(event.title, draft))

    async def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Send the line with what it was asked for."""
        asked, self._asked, self._draft = self._asked, None, ""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()
        if asked is not None:
            self.send(asked.name, {**asked.arguments, asked.argument: event.words})

    async def on_prompt_left(self, event: Prompt.Left) -> None:
        """Forget what was typed: in another place it would be signed as what it was not meant for."""
        self._asked, self._draft = None, ""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()

    def action_note(self) -> None:
        """Ask for a note."""
        if why := BY_ID["note"].why_not(self.newest()):
            self.say(f"No note now: {why}")
        else:
            self.post_message(told.PromptOpened("Note", "note", "words"))

    async def action_menu(self, name: str) -> None:
        """The menu of an action whose words are asked for after a choice."""
        if why := BY_ID[name].why_not(self.newest()):
            self.say(f"No {name} can be recorded now: {why}")
        elif isinstance(self.screen, CockpitScreen) and not self.screen.query(ChoiceMenu):
            await self.screen.put(ChoiceMenu(name, MENUS[name]))

    async def on_choice_menu_chosen(self, event: ChoiceMenu.Chosen) -> None:
        """Ask for the words."""
        if isinstance(self.screen, CockpitScreen):
            await self.screen.clear()
        if event.word:
            self.post_message(asked_after(event.of, event.word))

    def action_ask(self, name: str) -> None:
        """Ask for the words of what is to be recorded with them."""
        action = BY_ID[name]
        if why := action.why_not(self.newest()):
            self.say(f"{action.label} is not possible now: {why}")
        else:
            control = self.view.panel.second if self.view is not None else None
            title = _ASKED.get(name) or (control.label if control is not None else action.label)
            self.post_message(told.PromptOpened(title, name.replace("-", "_"), "words"))
