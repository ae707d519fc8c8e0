package api

// glossary has a line for each field of a schema: its name, or its schema and name, and what it means.
const glossary = `
alreadyReported: What Stripe has been told, in whole units.
toReport: What Stripe has yet to be told, in whole units; below 0 when more was told than is owed.
amountDue: What is collected, in minor units, after credit.
amountPaid: What was paid, in minor units.
attempts: How often it was tried.
cancelAt: When it is planned to end.
cancelUrl: Where a payer goes back to without paying.
canceledAt: When the end was asked for.
card: true saves a card and sells nothing.
description: Words for people.
disputed: The cardholder has disputed it.
dispute: It is a dispute, not a refund.
endedAt: When it ended.
failure: Why it failed, in the bank's words.
intent: The payment intent at Stripe.
interval: How often it is billed: month or year.
invoice: The id of the invoice that it paid.
items: The prices it is made of.
latestInvoice: The id of the newest invoice.
nextAttempt: When payment is tried again.
number: The invoice's number, for people.
paidAt: When it was paid.
pausedPayments: Its invoices are not collected.
pdf: Where the invoice is to be downloaded.
periodEnd: When the period ends.
periodStart: When the period began.
price: The slug of a price of the catalog.
priceId: The id of the price at Stripe.
promotionCode: A code as customers type it.
proration: A part of a period, because of a change within it.
quantity: How many; 1 when not sent.
receiptUrl: The receipt at Stripe.
received: Always true.
refunded: What went back, in minor units.
refunds: What went back, or is to: refunds and disputes.
returnUrl: Where the portal leads back to.
subscription: The id of the subscription.
successUrl: Where a payer comes back to; {CHECKOUT_SESSION_ID} in it is replaced.
trialDays: Days before the first payment; the plan's when not sent; only for who has not subscribed before.
trialEnd: When the trial ends.
trialStart: When the trial began.
url: Where to send the customer.
when: now or period_end.
after: What the plan gives after the change; null when unlimited.
actions: What it may be used for: read, check, checkout, manage.
active: Whether it moves the limit now.
adjusted: A sentence for each limit adjustment that moves the limit now.
adjustments: The limit adjustments that move it now.
aggregation: How the meter's events add up: sum, count, max, unique or last.
allowed: Whether it may be done at this moment.
amount: How many units of the meter.
asOf: When the price had this amount; now when not sent.
at: When it happened.
available: What can be used now, in the balance's units, less what is owed; null when unlimited, below zero only past a soft limit or in debt.
average: The mean of the parts' totals, to six decimals.
balance: The balance just after.
billed: The window is a billing period at Stripe.
byPeriod: The parts of the span, oldest first.
cause: What brought it about: a transactionId, the id of a grant or a hold, plan, or window.
changes: What differs from the catalog in force before.
charge: What the hold set aside, in the balance's units.
charged: What the balance paid, in its own units.
cost: What one unit of the meter costs the balance.
createdAt: When it was made.
credits: Credits pools by slug, each with a cost per unit of its meters.
currency: ISO 4217 code, in lower case.
current: Used in the running window, in the balance's units.
customer: The customer's externalId.
customers: externalIds, up to 100.
data: The items.
debt: What is owed, because its money went back after it was spent; left out when nothing is.
debts: What the debt is made of, oldest first.
date: In the time zone: of its first day or, by the hour, its time with the offset.
display: For people, such as $7.99 per month or $0.02 per request; of tiers, from the least that a unit can cost.
dryRun: Nothing was published.
duplicate: The same request has been answered before; this is that answer.
earlier: There are older lines than those shown: read them from the ledger.
email: An address, up to 320 bytes, in one line.
end: When it ends; left out when it never does.
endDate: When it ends; left out for one that lasts until it is removed.
erased: Always true.
error: The code, for programs.
event: The event as it was recorded.
events: Up to 1,000 usage facts.
ever: The window open at that moment never ends.
every: How often the limit renews: day, week, month, billing_month, billing_period or never.
expiresAt: When it ends; left out when it never does.
expiresIn: How many seconds the hold lasts: 1 at least, 24 hours when not sent, 30 days at most.
externalId: Your own name for the customer.
feature: The slug of a feature.
features: Features by slug.
fill: true shows parts of the span without usage too.
from: Where the span begins.
gauge: The running value of a max or last meter after this line.
grant: The id of the grant; left out for the plan's allowance.
granted: The part of available that grants give.
grants: Grants with units left, in the order in which they are used up.
groupBy: How the span is cut: hour, day, week, month or none.
groups: The same by the values of the property that was asked for, largest total first.
guest: true begins on the guest plan; false signs a guest up to the default plan.
held: What open holds have set aside.
hold: The hold this line opened.
holds: Open holds, oldest first.
id: Its id.
included: Whether the plan gives anything of it.
isUnlimited: Whether there is no limit.
kind: What the line records.
lastResetDate: When usage was last reset.
late: The event happened before the window it was charged to.
limit: What the plan allows in the window; null when unlimited.
lines: Oldest first. Opening plus their amounts is the last line's balance.
lots: Grants that come to the balance with this line.
max: The largest total of a part.
message: A sentence that says what to do, for people.
metadata: Texts of your own by key, 16 KiB together.
meter: The slug of a meter of the catalog.
meters: Meters by slug.
min: The smallest total of a part.
model: flat, per_unit, graduated, volume or package.
name: A name for people, in one line.
new: What it is now.
next: What to ask for the next page with; left out on the last page.
old: What it was.
op: create, update or delete.
opening: The ledger's balance before the first line shown.
overage: What was used past a soft limit in this window; left out under a hard one.
paid: When the invoice was made that paid for the window.
paidBy: The slug of the balance that paid: the meter's own, or a credits pool.
parts: What each source of units moved; for usage, what paid.
past: Set when a reset came between the usage and its void: no window counts it any more.
path: Where in the catalog.
pending: What the next act will write first, such as a window that has ended.
period: The billing period that holds now.
plan: The slug of the customer's plan; empty while its subscription gives no access.
planLimit: The limit without adjustments; null when unlimited.
plans: Plans by slug, each with what it includes.
preResetTotal: What had been used before the reset.
priority: Grants with a lower number are used up first; 100 when not sent, 1000 at most.
properties: A JSON object of your own, up to 16 KiB. A unique meter counts the values of one of its keys.
rank: 1 is the first.
reason: Why, for the ledger: up to 1,000 bytes.
record: true: the usage has happened and is recorded whatever the balance. false when not sent.
recordedAt: When Tollgate wrote it.
released: The hold was let go.
remaining: What is left of it.
removedAt: When it was removed.
required: What it would take, in the balance's units.
resetsAt: When the window ends and the allowance renews; null when it never does.
returned: What came back to the balance: less than was charged when a window or a grant that paid has ended.
seq: 1, 2, 3 … within the balance.
since: When the window began.
slug: The slug of a meter or a credits pool.
soft: Use past the limit is accepted and counted as overage.
source: What it comes from, such as bonus or top_up.
start: When it begins.
startDate: When it begins; now when not sent.
startsAt: From when it can be used.
status: The state.
suspended: Nothing may be used until what is owed, or the subscription, is paid.
subscriptionId: The id of the customer's time on its plan, paid or not. Where it is paid through Stripe, /v1/subscriptions/{id} takes it as well as Stripe's own id.
summary: One sentence: what is left and why.
syncedAt: As of when the amount was synced.
text: What the line means, in one sentence.
timezone: IANA name, such as Europe/Paris, of the zone whose days and months count.
to: Where the span ends; it does not count.
topUp: The slug of the top-up.
topUps: Lots of units sold once, by slug.
total: What it comes to, in the meter's units.
transactionId: Your own id of this act, 1 to 255 bytes, the same on every retry.
type: one_time or recurring.
unit: What one of it is called.
unlimited: There is no limit.
updatedAt: When it was last changed.
upgradeUrl: Where a customer can get more.
used: What was used in the open window, whoever paid.
value: What the plan gives the feature: true or false, a number, or a text.
version: The version in force.
warning: What existing customers will notice.
weekStart: monday when not sent, or sunday.
window: The span and the limit that this line sets.
Adjusted.event: The event that a refund or a deduction left.
Adjusted.grant: The grant that a bonus made.
Adjusted.kind: refund, bonus or deduction.
AdjustmentRequest.amount: Above 0 with a kind. Without one, below 0 is a refund and above 0 a bonus.
AdjustmentRequest.kind: refund, bonus or deduction; by the sign of the amount when not sent.
AdjustmentRequest.properties: A JSON object of your own, up to 16 KiB; the reason is added to it.
AdjustmentRequest.reason: Why: it must be sent.
AdjustmentRequest.transactionId: Your own id of this adjustment, the same on every retry.
BatchOutcome.duplicate: The event has been answered before; this is that answer.
BatchOutcome.error: The code of a refusal, with the same details as consume gives.
BatchOutcome.event: The event as it was recorded; left out when it was refused.
BatchOutcome.message: A sentence that says what to do.
BatchOutcome.status: The HTTP status that consume would have answered.
Bucket.end: When it ends.
Bucket.events: How many events count.
Bucket.start: When it begins.
CaptureRequest.amount: How many units of the meter were used; all of the hold when not sent.
Catalog.access: What subscriptions that are not paid give, by status: for the days of grace the plan that was bought, then default_plan, keep or no_access.
Catalog.disputes: As refunds, of disputes.
Catalog.refunds: What becomes of units that are spent already when their money is refunded: forgive, debt or suspend.
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
CustomerLimit.balance: What pays: the slug itself, or a credits pool, in whose units the limit is.
CustomerLimit.limit: As it is now, adjustments included; null when unlimited.
CustomerLimit.meter: The slug that was asked for.
CustomerLimit.overage: Whether use past the limit is billed.
Entry.used: Of a reset: what the window had counted.
Debt.grant: The id of the grant whose money went back.
Debt.id: The id of the refund or dispute.
Debt.owed: What is not paid yet.
Debt.policy: debt or suspend; forgive, in a line, for what is taken only when it comes back to its grant.
Explanation.apart: What the ledger's balance and what is available differ by: opening, the amounts of lines and pending, and these add up to balance.available. Empty when unlimited.
Explanation.sum: balance.available as a sum, in the words of summary; empty when unlimited.
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
LimitAdjusted.amount: What is added to the limit; below 0 lowers it.
LimitAdjusted.balance: The meter or credits pool whose limit it moves.
LimitAdjustmentBody.amount: What to add to the limit; below 0 lowers it.
LimitAdjustmentBody.balance: The slug of a meter or a credits pool. A meter that a pool pays for means the pool.
LimitAdjustmentBody.meter: Instead of balance.
LimitAdjustmentBody.id: Your own id of this adjustment; a retry with it adds nothing more.
Line.amount: What the line added to the balance; negative when it took.
Line.at: When it took effect.
Line.balance: The balance after it.
Line.debt: What a claw-back found spent.
Told.debt: What a claw-back found spent.
Line.share: What the money that went back had bought, of a claw-back.
Told.share: What the money that went back had bought, of a claw-back.
Line.event: The event, of a line of usage.
Lot.amount: How many units were granted.
Opening.limit: What the plan allows in the window.
Opening.left: What the window that a plan change left for this one had charged to its allowance.
Part.amount: What the source moved; negative when it paid.
PlanLimit.balance: What pays: the slug itself, or a credits pool, in whose units the limit is.
PlanLimit.limit: Per window; null when unlimited.
PlanLimit.meter: The slug that was asked for.
PlanLimit.overage: Whether use past the limit is billed.
PlanLimit.plan: The plan.
PriceSync.amount: In minor units: 799 is $7.99.
Ranked.events: How many events count.
Reset.total: Used since: 0.
ResetBody.balance: The slug of a meter or a credits pool. A meter that a pool pays for means the pool.
ResetBody.id: Your own id of this reset; a retry with it resets nothing more.
ResetBody.meter: Instead of balance.
Revoked.amount: What was left of the grant, and is taken back.
ShownPrice.amount: In minor units: 799 is $7.99; 0 where the price depends on the quantity.
ShownPrice.every: month or year; left out for what is paid once.
ShownPrice.plan: The plan it buys.
ShownPrice.slug: The slug of the price or top-up.
ShownPrice.source: catalog, or synced when another amount was stored.
DebugRequest.customer: An externalId, or * for all customers.
DebugRequest.seconds: For how long: 900 when not sent, 0 ends it, 86,400 at most.
Debugging.customer: Whose acts are logged; * for all.
Debugging.until: Until when.
Stats.events: How many events count.
Token.customer: The externalId of the one customer it speaks for.
Token.expiresAt: When it ends.
Token.token: What the page sends, as Authorization: Bearer TOKEN.
TokenRequest.actions: read, check, checkout, manage; read and check when not sent.
TokenRequest.expiresIn: How many seconds it lasts: 1 at least, 15 minutes when not sent, 24 hours at most.
Term.amount: What it adds to what is available; negative when it takes.
Term.kind: plan, adjustments, used (whoever paid), grants_paid (what of that grants paid), gone (taken of the allowance before this window began), held, past_limit (used past a hard limit), grants, not_started (in grants that begin later) or owed.
Term.text: The same in words.
Told.amount: What the line added to the balance; negative when it took.
Told.at: When it took effect.
Told.balance: The balance after it.
Told.event: The event, of a line of usage.
Top.period: The period that was asked for.
Usage.amount: How many units were used. May be left out on meters that count events.
Usage.at: When it happened; now when not sent. Up to 5 minutes ahead is accepted.
UsageBatch.period: As for one customer; not since_reset nor current_period.
UsageByCustomer.data: By externalId, then by meter.
UsageGroup.events: How many events count.
UsageGroup.value: The property's value, as a filter takes it: the number 5 and the text "5" are one. null for events without it, or with null.
UsageInBrief.events: How many events count.
UsageReport.balance: The slug of the balance that pays.
UsageReport.events: How many events count.
UsageReport.period: The period that was asked for; left out with from and to.
UsageReport.remaining: What can still be used of the balance, grants included; null when unlimited.
AllowanceChange.limit: What the plan gives now; null when unlimited.
ChangePreview.at: Send it along with the change, so that it costs the same.
ChangePreview.credits: What the plans give, by balance.
ChangePreview.lines: What makes up the total.
ChangePreview.plan: The plan after the change.
ChangePreview.total: In minor units; below 0 is credit.
ChangeRequest.at: The preview's, so that the change costs what it said.
ChangeRequest.price: The slug of a plan's price; as it is when not sent.
ChangeRequest.quantity: As it is when not sent.
ChangeRequest.when: now, or period_end; a dearer price now and a cheaper one at the period's end when not sent.
CheckoutRequest.metadata: Kept with the session at Stripe: up to 40 entries, names up to 40 bytes and values up to 500.
CheckoutRequest.price: The slug of a plan's price.
CheckoutRequest.quantity: How many top-ups; of a plan, how many seats: its price is paid for each, and its units are given once. 1 when not sent.
CheckoutRequest.topUp: The slug of a top-up, instead of a price.
CheckoutSession.expiresAt: When the page closes.
CheckoutSession.status: open, complete or expired.
Invoice.lines: What makes up the total.
Invoice.reason: Stripe's billing_reason.
Invoice.status: draft, open, paid, uncollectible or void.
Invoice.tax: What of the total is tax, in minor units.
Invoice.total: In minor units.
Item.amount: Of one, in minor units.
Item.meter: The meter of a price that is billed by use.
InvoiceLine.start: When what is billed begins.
Payment.amount: In minor units.
Payment.status: succeeded, pending or failed.
Quote.at: To send with the change.
Quote.lines: What makes up the total.
Quote.total: In minor units; below 0 is credit.
RefundRequest.amount: In minor units; all that is left when not sent.
RefundRequest.id: Your own id of this refund, the same on every retry.
RefundRequest.reason: duplicate, fraudulent or requested_by_customer.
Return.amount: In minor units.
Subscription.status: Stripe's: trialing, active, past_due, unpaid, paused, incomplete, incomplete_expired or canceled.
Reportable.meter: The slug of a meter or a credits pool.
Reportable.slug: The slug of the price that bills it.
default: It is for every signed-up customer without a paid subscription.
expires: How long after the purchase it lasts, in days, as in 365d; for ever when left out.
includes: What it gives of each balance, by slug.
packageSize: How many units a package has.
position: Where it stands among the others; 1 is first.
Plan.prices: What it is sold for.
tiers: The tiers, ascending; the last one has no end.
trial: How long it is free at first, in days, as in 14d.
unitAmount: The price of a unit or a package, in minor units, as a decimal string.
`
