package api

// glossary has a line for each field of a schema: its name, or its schema and name, and what it means.
const glossary = `
allowed: Whether it may be done at this moment.
amount: How many units of the meter.
at: When it happened.
available: What can be used now, in the balance's units; null when unlimited, below zero only past a soft limit.
balance: The balance just after.
cause: What brought it about: a transactionId, the id of a grant or a hold, plan, or window.
changes: What differs from the catalog in force before.
charge: What the hold set aside, in the balance's units.
charged: What the balance paid, in its own units.
cost: What one unit of the meter costs the balance.
createdAt: When it was made.
credits: Credits pools by slug, each with a cost per unit of its meters.
currency: ISO 4217 code, in lower case.
customer: The customer's externalId.
data: The items.
dryRun: Nothing was published.
duplicate: The same request has been answered before; this is that answer.
earlier: There are older lines than those shown: read them from the ledger.
email: An address, up to 320 bytes.
end: When it ends; left out when it never does.
erased: Always true.
error: The code, for programs.
ever: The window open at that moment never ends.
event: The event as it was recorded.
events: Up to 1,000 usage facts.
expiresAt: When it ends; left out when it never does.
expiresIn: How many seconds the hold lasts: 24 hours when not sent, 30 days at most.
externalId: Your own name for the customer.
feature: The slug of a feature.
features: Features by slug.
gauge: The running value of a max or last meter after this line.
grant: The id of the grant; left out for the plan's allowance.
granted: The part of available that grants give.
grants: Grants with units left, in the order in which they are used up.
guest: true begins on the guest plan; false signs a guest up to the default plan.
held: What open holds have set aside.
hold: The hold this line opened.
holds: Open holds, oldest first.
id: Its id.
kind: What the line records.
late: The event happened before the window it was charged to.
limit: What the plan allows in the window; null when unlimited.
lines: Oldest first. Opening plus their amounts is the last line's balance.
lots: Grants that come to the balance with this line.
message: A sentence that says what to do, for people.
metadata: Texts of your own by key, 16 KiB together.
meter: The slug of a meter of the catalog.
meters: Meters by slug.
name: A name for people.
new: What it is now.
next: What to ask for the next page with; left out on the last page.
old: What it was.
op: create, update or delete.
opening: The ledger's balance before the first line shown.
overage: What was used past the limit in this window.
paidBy: The slug of the balance that paid: the meter's own, or a credits pool.
parts: What each source of units moved; for usage, what paid.
path: Where in the catalog.
pending: What the next act will write first, such as a window that has ended.
period: The billing period that holds now.
plan: The slug of the customer's plan.
plans: Plans by slug, each with what it includes.
priority: Grants with a lower number are used up first; 100 when not sent, 1000 at most.
properties: A JSON object of your own, up to 16 KiB. A unique meter counts the values of one of its keys.
reason: Why, for the ledger: up to 1,000 bytes.
record: true: the usage has happened and is recorded whatever the balance. false when not sent.
recordedAt: When Tollgate wrote it.
released: The hold was let go.
remaining: What is left of it.
required: What it would take, in the balance's units.
resetsAt: When the window ends and the allowance renews; null when it never does.
returned: What came back to the balance: less than was charged when a window or a grant that paid has ended.
seq: 1, 2, 3 … within the balance.
since: When the window began.
slug: The slug of a meter or a credits pool.
soft: Use past the limit is accepted and counted as overage.
source: What it comes from, such as bonus or top_up.
start: When it begins.
startsAt: From when it can be used.
status: The state.
subscriptionId: The id of the subscription to the plan.
summary: One sentence: what is left and why.
text: What the line means, in one sentence.
timezone: IANA name, such as Europe/Paris, of the zone whose days and months count.
topUps: Lots of units sold once, by slug.
transactionId: Your own id of this act, 1 to 255 bytes, the same on every retry.
unit: What one of it is called.
unlimited: There is no limit.
updatedAt: When it was last changed.
upgradeUrl: Where a customer can get more.
used: What was used in the open window, whoever paid.
value: What the plan gives the feature: true or false, a number, or a text.
version: The version in force.
warning: What existing customers will notice.
window: The span and the limit that this line sets.
BatchOutcome.duplicate: The event has been answered before; this is that answer.
BatchOutcome.error: The code of a refusal, with the same details as consume gives.
BatchOutcome.event: The event as it was recorded; left out when it was refused.
BatchOutcome.message: A sentence that says what to do.
BatchOutcome.status: The HTTP status that consume would have answered.
CaptureRequest.amount: How many units of the meter were used; all of the hold when not sent.
Catalog.upgradeUrl: Where refusals send customers.
Change.kind: What part of the catalog: meter, credits, feature, plan, allowance, price, …
Check.balance: The slug of the balance that would pay.
CheckRequest.amount: How many units of the meter; 1 when not sent.
CheckRequest.feature: The slug of a feature, instead of a meter.
CheckRequest.meter: The slug of a meter, instead of a feature.
Customer.since: When the subscription to the plan began.
Customer.status: The state of the subscription, in Stripe's words.
CustomerChange.metadata: Texts of your own by key, 16 KiB together, merged key by key; null removes a key.
CustomerChange.plan: The slug of the plan to move to.
Explanation.name: The name of the meter or credits pool.
Gauge.value: The value.
GrantRequest.amount: How many units of the balance: more than 0.
GrantRequest.balance: The slug of a meter or a credits pool.
GrantRequest.expiresAt: When what is left of it is lost; never when not sent.
GrantRequest.id: Your own id of this grant, 1 to 255 bytes. A retry with it grants nothing more.
GrantRequest.source: What it comes from; bonus when not sent.
GrantRequest.startsAt: From when it can be used; now when not sent.
Granted.amount: How many units of the balance were granted.
Granted.id: The id of the grant, for revoke.
Health.status: ok or ready.
Held.charged: What the hold took from the balance, or its release gave back, in the balance's units.
Held.id: The id of the hold, for capture and release.
Line.amount: What the line added to the balance; negative when it took.
Line.at: When it took effect.
Line.balance: The balance after it.
Line.event: The event, of a line of usage.
Lot.amount: How many units were granted.
Opening.limit: What the plan allows in the window.
Part.amount: What the source moved; negative when it paid.
Revoked.amount: What was left of the grant, and is taken back.
Told.amount: What the line added to the balance; negative when it took.
Told.at: When it took effect.
Told.balance: The balance after it.
Told.event: The event, of a line of usage.
Usage.amount: How many units were used. May be left out on meters that count events.
Usage.at: When it happened; now when not sent. Up to 5 minutes ahead is accepted.
`
