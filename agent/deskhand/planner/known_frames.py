"""The frames of a request: what people put around what they want, and what says nothing about it.

`would you be so kind as to …`, `time for … again`, `… need doing`, `thanks a lot`: politeness, chatter and the ways
to make an order of a noun. One table for each, of office English, in words as `known_words.tokens` gives them.

It refuses to take a word that may change what is meant for politeness: `only`, `just` before an order, a negation, a
past tense, `should I` and `how to` are in no table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def sequences(*texts: str) -> tuple[tuple[str, ...], ...]:
    """Openings or closings as words, the longest first."""
    return tuple(sorted((tuple(text.split()) for text in texts), key=len, reverse=True))


LEADING = sequences(
    "could you", "can you", "would you", "will you", "i want to", "i want you to", "i would like to",
    "i would like you to", "i d like to", "i d like you to", "i need to", "i need you to", "we need to",
    "let us", "let s", "lets", "go ahead and", "ok", "okay", "hi", "hello", "hey", "kannst du", "können sie",
    "könntest du", "run", "start", "do", "execute", "launch", "perform", "make",
    "we want to", "we should", "you should", "we have to", "we must", "time to", "it s time to", "it is time to",
    "good morning", "morning", "carry out", "kick off", "trigger", "begin", "start to",
    "begin to", "i d like", "i would like", "time for", "it s time for", "it is time for", "would you mind",
    "do you mind", "so", "help me", "help us", "help me to",
    "be so kind and", "be so good and", "dear all", "all right",
    "alright", "would it be possible to", "could you help me", "want you to", "need you to",
)  # fmt: skip
TRAILING = sequences(
    "for me", "for us", "now", "right now", "right away", "thanks", "thank you", "danke", "process", "job",
    "thanks a lot", "many thanks", "thank you very much", "thx", "cheers", "straight away", "immediately", "at once",
    "asap", "as soon as possible", "when you can", "when you have a minute", "when you get a chance", "if you can",
    "if you could", "if possible", "would you", "could you", "will you", "can you", "workflow",
    "again", "once more",
)  # fmt: skip
GERUND_OPENINGS = frozenset({("start",), ("begin",), ("time", "for"), ("it", "s", "time", "for"), ("kick", "off"),
                              ("it", "is", "time", "for"), ("would", "you", "mind"), ("do", "you", "mind"),
                              ("do",)})  # fmt: skip
WISHES = sequences(
    "i need", "we need", "i want", "we want", "i d like", "we d like", "i would like", "we would like",
    "i d like to have", "i want to have", "i d like to get", "we d like to have", "we want to have", "i need to get",
    "we need to get", "please have", "i d love", "would like", "could i have", "can i have", "may i have", "want",
    "can we have", "could we have", "can we get", "could we get", "can i get", "could i get", "need", "can you get",
    "could you get", "let us get", "let s get", "lets get", "let s have", "would you have", "would you get",
    "we should get", "we have to get", "time to get", "it s time to get", "go and get", "see that you get",
    "we should have",
    "i want to see", "i d like to see",
)  # fmt: skip

_WHO = "(?:you|we|someone|somebody|anyone|anybody)"
_ME = "(?:i|we)"
_SOFTLY = "(?: (?:please|maybe|perhaps|possibly|also|quickly|kindly|now|then|again|just|all))*"
_RUN = (
    "(?:run|start|do|execute|launch|perform|carry out|kick off|trigger|begin|process|initiate"
    "|conduct|make|doing|running|starting|executing|carrying out|performing|making)"
)
# Openings, each taken away wherever the words begin with it, as often as one does.
_OPENINGS = re.compile(
    "(?:"
    + "|".join(
        (
            "(?:hi|hello|hey|hiya|dear|good morning|good afternoon|good evening|morning|moin|greetings)"
            "(?: (?:there|all|everyone|everybody|team|folks|assistant|deskhand|again|you))*",
            "ok|okay|alright|all right|right|so|well|now|then|otherwise|or else|else|and|also|plus|as well as"
            "|please|kindly|afterwards?"
            "|finally"
            "|next|after that|when done|once done|lastly|first|firstly|to start|in addition|accordingly",
            f"(?:can|could|would|will|may|might|wo not|can not|could not|would not) {_WHO}{_SOFTLY}"
            "(?: mind| be able to| be willing to| try to| manage to| have to| get to)?",
            "(?:can|could|may) i (?:please )?(?:ask|trouble|bother|get|have) you to",
            "(?:be|would you be) (?:so )?(?:kind|good|nice|able|available|willing)(?: enough)?(?: as)? (?:to|and)",
            "(?:is|would|will) it (?:be )?(?:possible|ok|okay|alright|all right|fine|feasible|a problem|too much)"
            "(?: for (?:you|me))?(?: to ask(?: you)?| if i asked? you)?(?: to| if you(?: could)?)?",
            "is there (?:any|a) (?:chance|way)(?: that)?(?: you(?: could| can)?| to)?",
            f"{_ME} (?:want|need|wish|would like|d like|d love|would love|ask|d ask|have|expect|d need|d want|d prefer)"
            " (?:you|someone|somebody|it)(?: to)?",
            f"{_ME} (?:want|need|wish|would like|d like|d love|would love|have|ought|d want|were hoping|d be happy)"
            f"{_SOFTLY} to",
            f"{_ME} (?:should|must|d better|had better|may as well|could use){_SOFTLY}",
            f"{_ME} (?:want|need|would like|d like|d love)(?: to (?:have|see|get))?",
            "(?:i|we) (?:would|d) (?:be (?:glad|grateful|happy|thankful)|appreciate it) if you (?:could|would|can)",
            "(?:it|that) (?:would|d) be (?:great|nice|good|lovely|wonderful|kind|helpful|super)"
            " if (?:you|we|someone|somebody) (?:could|would|can)",
            "(?:would|d) (?:like|love|want|need) (?:you )?to",
            "(?:want|need|like) you to",
            "if you (?:could|can|would|do not mind)",
            "you (?:should|can|could|may|need to|have to|must)(?: now)?",
            "(?:it is|it s|its|it must be)?(?: )?(?:high |about )?time(?: again)?(?: (?:to|for|that (?:we|you)"
            "|we|you))",
            "(?:do not|never) forget to|remember to|make sure (?:to|that you|that we|you|we)|be sure to|see that you",
            "help (?:me|us)(?: out)?(?: to| with| by)?",
            "let (?:us|s|me)(?: please)?|lets",
            "go ahead (?:and|with)|go and|go(?! through| over)",
            "(?:proceed|continue|get going|get started|start off|go on|get on|carry on|move on) (?:with|to|and|by)",
            "(?:start|begin|kick off)(?: (?:with|by|to))?",
            "(?:your|the|my|our|a|one|next|today s|todays) ?(?:next )?(?:task|job|todo|to do|assignment|request|turn)"
            "(?: (?:for (?:today|you|now)|today|now))?(?: (?:is|would be))?(?: to)?",
            "(?:quick|small|little) (?:one|request|favou?r|ask)|do me (?:a|the) favou?r(?: and)?|as (?:usual"
            "|always|every month|agreed|discussed)"
            "|for (?:today|now)",
            f"{_RUN}(?: (?:the|our|a|an|another|this|that|my))?(?: (?:usual|regular|daily|weekly|monthly))?",
            "how about",
            "someone|somebody (?=please)|please have (?:someone|somebody)",
            "in need of",
        )
    )
    + r")(?= |$)"
)
# What may end a request: taken away wherever the words end with it.
_CLOSINGS = re.compile(
    r"(?:^| )(?:"
    + "|".join(
        (
            "for (?:me|us)|on (?:my|our) behalf|for the team",
            "(?:right |just )?now|right away|straight away|immediately|at once|asap|a s a p|as soon as"
            " (?:possible|you can)"
            "|soon|quickly|promptly|without delay|when(?:ever)? (?:you )?(?:can|have (?:a )?(?:minute|moment"
            "|time|sec|second)|"
            "get (?:a |the )?(?:chance|minute|moment|time)|convenient|it suits you|ready|it s convenient|possible)",
            "(?:many |so many |with |huge )?(?:thanks|thank you|thx|ty|cheers|danke|tia|regards)"
            "(?: (?:a lot|a million|so much|very much|in advance|again|everyone|all|to you|a bunch|all))*",
            "if (?:you|u) (?:can|could|would|please|do not mind|have time|have a moment|get a chance)|if"
            " possible|if that is (?:ok|okay)",
            "(?:would|could|will|can) you(?: (?:do (?:that|it|this)|handle (?:it|that|this)|take care of (?:it"
            "|that|this)))?",
            "process|job|workflow|routine|procedure|task|exercise|round|cycle|session|batch|wave|campaign|pass|thing",
            "again|once more|once again|one more time|another time|as usual|as always|as ever|as every (?:month"
            "|week|day)"
            "|like (?:always|usual|every month|every week)|the usual way|in the usual way",
            "accordingly|as appropriate|as needed|as necessary|appropriately|properly|where (?:needed|necessary"
            "|appropriate)"
            "|as required|(?:where|wherever|as far as|if|when|whenever)(?: (?:it is|it s|that is"
            "|that s))? (?:possible|available"
            "|appropriate|suitable)|(?:where|wherever|if|whenever|when|as far as) (?:you|we|it|there"
            "|one) (?:have|has|is|are"
            "|can|s)(?: (?:it|them|one|any|some|those|that|an? answer|there|do (?:so|it|that)))?|if any"
            "|as well|too|also|then|afterwards?|in the end|at the end|when (?:you are"
            " |you re )?(?:done|finished)"
            "|once (?:you are |you re |that is |that s )?(?:done|finished)|in the process|at the same time|along"
            " the way",
            "this time(?: around| round)?|or so|eh|ok|okay|alright|right|yeah|will you please",
        )
    )
    + ")$"
)
_TODAY = re.compile(
    r"(?:^| )(?:(?:still |later |first thing )?(?:today|this morning|this afternoon|tonight|this evening)(?: please)?"
    r"|(?:by|before|until) (?:noon|lunch|tonight|the end of the day|end of day|eod))$"
)
# Words that may stand before a noun and restrict nothing.
_IDLE_BEFORE = re.compile(
    r"(?<![^\s])(?:whole|entire|complete|full|usual|regular|daily|weekly|monthly|customary|various|own|accordingly"
    r"|appropriately|quickly|properly|carefully|thoroughly|neatly|nicely|simply|actually|really|duly|politely|all of"
    r"|each of|every one of|(?:a )?(?:quick|short|brief|friendly|polite|gentle|kind|proper)|a little|both"
    r"|currently|please|kindly"
    r"|again|also|then|for us|for me|there)(?= (?!from|at|on|in|until|by|for|to|and|or|every)\w)"
)
# Whole clauses that ask for nothing; N stands for a name of what the process works with.
_N = r"N(?:(?: with| against| by)? N)*"
_LOTS = r"(?:lots?|many|plenty|loads|bunch|pile|ton|tons|heap|quite few|few|several|more|some|new|so many)"
CHATTER = re.compile(
    r"(?:"
    + "|".join(
        (
            r"(?:can|could|would|will) you(?: please)? (?:handle|take care of|do|see to|look after|deal with|sort"
            r"|manage|take on"
            r"|get on with|help(?: (?:me|us))?(?: out)?(?: with)?)(?: (?:it|that|this|them|these|out|here))*",
            r"(?:can|could|would|will) you(?: please| help(?: (?:me|us))?| do (?:that|it|this))?",
            r"(?:please )?(?:handle|take care of|see to|do|deal with) (?:it|that|this|them)",
            r"(?:it |that |this )?(?:would|d|will) be (?:great|nice|good|lovely|wonderful|perfect|appreciated"
            r"|helpful|super)",
            r"(?:much |greatly |very much )?appreciated|no (?:rush|hurry)|hope (?:you are|all is|you re)(?:"
            r" doing)? (?:well|good)",
            r"i (?:would|d) (?:really )?appreciate (?:it|that)|you know the drill|same procedure(?: as (?:usual"
            r"|always|every month))?",
            r"(?:the )?usual(?: (?:procedure|drill|thing|stuff))?|as (?:usual|always|ever|every month|every week"
            r"|agreed)",
            r"(?:kind |best |warm )?regards|cheers|thanks|thank you|many thanks|bye|sincerely",
            r"(?:it is|it s|its|it must be) (?:that )?(?:time(?: of (?:the|that)? ?(?:month|week|year|day))?"
            r"|month end|the end of the month"
            rf"|monday|tuesday|wednesday|thursday|friday|the first|the 1st|the \d+(?:st|nd|rd|th)"
            rf"|{_N}(?: (?:day|time))?)(?: again)?",
            r"(?:we|i) (?:(?:have|need|want|ve got|d like) to |are |re |will |must )?(?:close|closing|finish"
            r"|finishing|wrap up)"
            r"(?: (?:the )?(?:month|books|quarter|year|accounts))?(?: now| soon| today| tomorrow)?",
            r"(?:new month|month end|quarter end|year end|end of month|end of the month|end of quarter|closing|close"
            r"|month end closing|closing time)(?: (?:time|day|work|stuff|routine))?",
            r"(?:month end|end of month|new month|new week|quarter end|monthly close|month end close)(?: (?:is"
            r" )?(?:here|again|closing|close))?",
            rf"{_N} (?:is|are|s|has|have|ve|re)(?: (?:just|now|finally|all|been|also|already))*"
            r" (?:in|here|there|ready|arrived|uploaded|available|back|full|waiting|come in|came in|downloaded"
            r"|piling up|piled up"
            r"|overflowing|growing|filling up|up to date|online|loaded|exported|imported|on the drive|in the"
            r" folder)(?: again)?",
            rf"{_N} (?:arrived|came in|came|just (?:came|got) in|keep coming(?: in)?|pile up|piled up)(?: again)?",
            rf"(?:we|i)(?: (?:ve|have|had|got|just))+ (?:{_LOTS} )?(?:{_N})(?: (?:come|came|coming|pile|piled"
            rf"|piling) (?:in|up)| here| again"
            r"| waiting| in)*",
            rf"(?:there are|there is|there s|there re)(?: (?:again|also|still|now))* (?:{_LOTS} )?{_N}(?:"
            rf" (?:waiting|again|in|here|N))*",
            rf"(?:there are|there is|there s)(?: (?:again|also|still|now))*"
            rf" (?:{_LOTS} )?(?:in|on|going on in) {_N}(?: again)?",
            _N,
            rf"{_LOTS} {_N}(?: (?:waiting|again|in|here|came in|have come in))*",
        )
    )
    + r")"
)


_REASON_WORDS = frozenset(
    """the a an our my some this next it is are was were we i re ve s m d have has had there they you he she him her
    on in at to of for from over with before after by about again so very too really quite rather pretty now still
    already today tomorrow soon coming come comes came back up away out here busy full short tight low behind late
    swamped drowning overflowing bursting urgent long big huge lot lots much more many money cash cashflow flow
    liquidity budget bank account auditor auditors audit tax taxes advisor accountant accountants management boss
    bosses cfo ceo board director finance department office month quarter year week weekend weekends monday tuesday
    wednesday thursday friday saturday sunday morning holiday holidays easter christmas vacation days day end close
    closing deadline between need needs wait waiting asks asking asked wants hands
    people staff sick leave good bad time times high start started begin begins ends beginning almost nearly half
    just been being be""".split()  # noqa: SIM905
)
_REASON_VERBS = _REASON_WORDS & {
    "is",
    "are",
    "was",
    "were",
    "have",
    "has",
    "need",
    "needs",
    "come",
    "comes",
    "came",
    "wants",
    "begins",
    "re",
}
_REASON = re.compile(r"(?:because|since|as|given that|seeing that)(?: of)? ")


def is_reason(said: Sequence[str], *, opens: bool) -> bool:
    """Whether a clause only says why: `auditors come on Monday`, `as the holidays were in between`.

    All its words are of one table of time, money and pressure, one of them a finite verb. opens: it stands before
    what is asked; behind it has to begin as a reason does.
    """
    text = " ".join(said)
    begun = _REASON.match(text)
    words = text[begun.end() :].split() if begun else list(said)
    if not begun and not opens:
        return False
    return 2 <= len(words) <= 12 and _REASON_WORDS.issuperset(words) and not _REASON_VERBS.isdisjoint(words[1:])


@lru_cache(maxsize=4096)
def stages(said: tuple[str, ...], *, today: bool) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """The words of one clause as they are, and after each thing that opens or closes it; with whether one opened it.

    today: `today` and the like say when to do it, as in any process that no day is given to.
    """
    opened = _stages(" ".join(said), (_OPENINGS,))
    closing = (_CLOSINGS, _TODAY) if today else (_CLOSINGS,)
    seen: dict[str, bool] = {}
    for number, text in enumerate(opened):
        for left in _stages(text, closing):
            seen.setdefault(left, number > 0)
    plainer = {_IDLE_BEFORE.sub("", one): how for one, how in seen.items()}
    return tuple((tuple(one.split()), how) for one, how in {**seen, **plainer}.items())


def _stages(text: str, patterns: Sequence[re.Pattern[str]]) -> list[str]:
    """The text, and what is left of it after each frame that one of the patterns finds at an end of it."""
    found = [text]
    changed = True
    while changed and text:
        changed = False
        for pattern in patterns:
            frame = pattern.match(text) if pattern is _OPENINGS else pattern.search(text)
            if not frame or frame.end() == frame.start():
                continue
            rest = (text[frame.end() :] if pattern is _OPENINGS else text[: frame.start()]).strip()
            if pattern is _OPENINGS and re.match(r"(?:not|never|no|i|he|she|they|ever)\b", rest):
                continue
            if pattern is not _OPENINGS and re.search(r"(?:^| )(?:an?|the|with|to|of|for|from|in|on|by|and)$", rest):
                continue  # `with a thank you` is no thanks
            text, changed = rest, True
            found.append(text)
    return found
