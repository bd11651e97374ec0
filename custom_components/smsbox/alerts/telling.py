"""How the people of one step are told."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ..const import Channel
from .effects import Answer, Effect, EventType, Fire, Tell, WithdrawIssue
from .plan import Contact
from .run import Failure, Message, MessageState, Outage, Progress, Run, Token

NOBODY = "nobody"
UNAVAILABLE = "unavailable"
UNDELIVERED = "undelivered"
UNREACHABLE = "cannot_connect"


def start_step(run: Run, contacts: Sequence[Contact], new_id: Callable[[], str]) -> list[Effect]:
    """Mark a message for every number and notifier of a step as sending, and return them to be told."""
    progress = run.progress
    progress.contacts = list({(contact.id, contact.channel): contact for contact in contacts}.values())
    taken: set[tuple[Channel | None, str | None]] = set()
    causes = [cause.key for cause in run.open_causes]
    for position, contact in enumerate(progress.contacts):
        if not contact.available:
            continue
        for number in contact.numbers if contact.channel else (None,):
            if number is None or (contact.channel, number) not in taken:
                taken.add((contact.channel, number))
                progress.messages.append(Message(new_id(), position, number, list(causes), progress.began))
    effects: list[Effect] = []
    if progress.messages:
        effects.append(Tell(tuple(message.reference for message in progress.messages)))
    unavailable = [contact for contact in progress.contacts if not progress.messages_to(contact)]
    return effects + not_told(run, UNAVAILABLE, unavailable, title_of(run, causes))


def add_tokens(run: Run, new_id: Callable[[], str]) -> None:
    """Give a link to everybody of the step who can read one."""
    for contact in run.progress.contacts:
        if contact.channel in {None, Channel.SMS} and contact.id not in run.tokens:
            run.tokens[contact.id] = Token(new_id(), contact.name)


def mark_due(run: Run, now: float, new_id: Callable[[], str]) -> list[Effect]:
    """Mark as sending what waited long enough, and what those who are told do not know yet."""
    progress = run.progress
    due: list[Message] = []
    for slot in _slots(progress):
        first = slot[0]
        waiting = next((message for message in slot if message.state is MessageState.WAITING), None)
        given = {cause for message in slot if message is not waiting for cause in message.causes}
        missing = [cause.key for cause in run.open_causes if cause.key not in given]
        if waiting is None:
            if missing and first.state is MessageState.TOLD and slot[-1].state is not MessageState.SENDING:
                due.append(Message(new_id(), first.contact, first.number, missing, now, joined=True))
                progress.messages.append(due[-1])
        elif not missing:
            progress.messages.remove(waiting)
        elif _is_due(progress, waiting, now):
            waiting.state, waiting.at, waiting.causes = MessageState.SENDING, now, missing
            due.append(waiting)
    return [Tell(tuple(message.reference for message in due))] if due else []


def _slots(progress: Progress) -> Iterator[list[Message]]:
    """Yield the messages to each number and notifier, the step's own message first."""
    for first in [message for message in progress.messages if not message.joined]:
        yield [
            message
            for message in progress.messages
            if (message.contact, message.number) == (first.contact, first.number)
        ]


def _is_due(progress: Progress, message: Message, now: float) -> bool:
    outage = progress.outages.get(progress.contacts[message.contact].gateway or "")
    return outage is None or now - outage.tried >= outage.retry_after


def take_answers(run: Run, answers: Mapping[str, Answer], now: float) -> list[Effect]:
    """Apply answers that came together; those to messages that are not under way are ignored."""
    progress = run.progress
    before = [progress.state(contact) for contact in progress.contacts]
    answered: list[Message] = []
    for message in progress.messages:
        if message.reference in answers and message.state is MessageState.SENDING:
            _take_answer(progress, message, answers[message.reference], now)
            answered.append(message)
    news: dict[tuple[EventType, str | None, str | None], list[Contact]] = {}
    for position, contact in enumerate(progress.contacts):
        references = {message.reference for message in progress.messages_to(contact)}
        messages = [message for message in answered if message.reference in references]
        changed = progress.state(contact) is not before[position]
        heard = [message for message in messages if message.joined] or (messages[-1:] if changed else [])
        for message in heard:
            key = _news(run, position, message)
            if key is not None and contact not in news.setdefault(key, []):
                news[key].append(contact)
    effects: list[Effect] = []
    for (event, reason, title), contacts in news.items():
        if event is EventType.TOLD:
            effects += _told(run, contacts, title)
        else:
            effects += not_told(run, reason, contacts, title)
    return effects


def _take_answer(progress: Progress, message: Message, answer: Answer, now: float) -> None:
    message.state, message.reason = answer.state, answer.reason
    gateway = progress.contacts[message.contact].gateway or ""
    if answer.state is MessageState.TOLD:
        progress.failing.pop(gateway, None)
        if progress.told_at is None:
            progress.told_at = now
    if answer.state is MessageState.WAITING:
        progress.failing.setdefault(gateway, now)
        reason = answer.reason or UNREACHABLE
        outage = progress.outages.setdefault(gateway, Outage(now, now, answer.retry_after, reason))
        outage.tried, outage.retry_after, outage.reason = now, answer.retry_after, reason


def _news(run: Run, position: int, message: Message) -> tuple[EventType, str | None, str | None] | None:
    """Return what there is to say of a contact after an answer to one of their messages: event, reason, title."""
    progress = run.progress
    title = title_of(run, message.causes)
    state = message.state if message.joined else progress.state(progress.contacts[position])
    match state:
        case MessageState.TOLD:
            return EventType.TOLD, None, title
        case MessageState.REFUSED:
            return EventType.NOT_TOLD, message.reason, title
        case MessageState.WAITING if position not in progress.unreachable:
            progress.unreachable.append(position)
            return EventType.NOT_TOLD, message.reason, title
    return None


def _told(run: Run, contacts: Sequence[Contact], title: str | None) -> list[Effect]:
    effects: list[Effect] = []
    if run.issue is not None:
        run.issue = None
        effects.append(WithdrawIssue())
    known = {(contact.id, contact.channel) for contact in run.told}
    run.told += [contact for contact in contacts if (contact.id, contact.channel) not in known]
    return [*effects, _step_event(run, EventType.TOLD, contacts, title)]


def not_told(
    run: Run,
    reason: str | None,
    contacts: Sequence[Contact],
    title: str | None = None,
    at: tuple[int, int] | None = None,
) -> list[Effect]:
    """Say who was not told, and why."""
    if not contacts and reason != NOBODY:
        return []
    failures = {(failure.name, failure.channel): failure for failure in run.failures}
    for contact in contacts:
        failures[contact.name, contact.channel] = Failure(contact.name, contact.channel, reason or UNAVAILABLE)
    if not contacts:
        failures["", None] = Failure("", None, NOBODY)
    run.failures = list(failures.values())
    return [_step_event(run, EventType.NOT_TOLD, contacts, title, reason=reason, at=at)]


def _step_event(
    run: Run,
    event: EventType,
    contacts: Sequence[Contact],
    title: str | None,
    *,
    reason: str | None = None,
    at: tuple[int, int] | None = None,
) -> Fire:
    """Return an event about people of the step under way, or of the round and step that are given."""
    round_, step = at or (run.progress.round, run.progress.step)
    targets = tuple((contact.name, contact.channel) for contact in contacts)
    return Fire(event, run.alert_id, run.context, title, step + 1, round_, targets, reason)


def title_of(run: Run, keys: Sequence[str]) -> str | None:
    """Return the title of the cause, if a message is about only one."""
    titles = [cause.title for cause in run.causes if cause.key in keys]
    return titles[0] if len(titles) == 1 else None


def follow_up_contacts(
    run: Run, out: Collection[str], person: str | None = None, by: str | None = None
) -> tuple[Contact, ...]:
    """Return who gets a follow-up: who was told in writing, but not who took the alert; each number once."""
    progress = run.progress
    under_way = [
        contact
        for contact in progress.contacts
        if any(message.reference in out for message in progress.messages_to(contact))
    ]
    told = {(contact.id, contact.channel): contact for contact in (*run.told_before, *run.told, *under_way)}
    own = [contact for contact in told.values() if contact.id == person or (by and contact.name == by)]
    seen = {number for contact in own for number in contact.numbers}
    contacts: list[Contact] = []
    for contact in told.values():
        if contact in own or contact.channel not in {None, Channel.SMS}:
            continue
        numbers = tuple(number for number in contact.numbers if number not in seen)
        seen.update(numbers)
        if numbers or contact.channel is None:
            contacts.append(replace(contact, numbers=numbers))
    return tuple(contacts)
