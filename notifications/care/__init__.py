"""The care timeline: advice around a session, what patients answer to it, and recalls.

* `follow(...)`: writes the messages that a change of visits calls for, in its transaction;
* `look_again(patient_id=..., now=...)`: adds what a new record calls for;
* `answer(...)`: takes a patient's better, same or worse; `worse(...)`: the same for a worse alone;
* `replied(...)`: reads a reply by SMS as an answer to a check, if it is one;
* `recall(now=...)`: asks patients to come again whose session is overdue or upkeep due.
"""

from notifications.care.answering import Answered, answer, replied, worse
from notifications.care.recalling import recall
from notifications.care.timeline import follow, look_again

__all__ = ["Answered", "answer", "follow", "look_again", "recall", "replied", "worse"]
