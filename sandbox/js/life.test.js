// Stripe's own Node client runs a shop against the sandbox whose address is in SANDBOX_URL. The Go test
// TestTheNodeClient starts both.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {after, before, test} from 'node:test';
import Stripe from 'stripe';

const API_VERSION = '2026-08-26.dahlia';
const WAIT_MS = 10_000;

const url = new URL(process.env.SANDBOX_URL ?? assert.fail('SANDBOX_URL names no sandbox'));
const stripe = new Stripe('sk_test_node', {
  host: url.hostname,
  port: url.port,
  protocol: 'http',
  telemetry: false,
});

const received = []; // the events of the webhook, in the order of their arrival
let hooks;
let secret;

// arrived waits for the event that matches.
async function arrived(matches) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const event = received.find(matches);
    if (event) return event;
    if (Date.now() > end) assert.fail(`no such event among ${received.map((e) => e.type)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

before(async () => {
  hooks = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    try {
      received.push(stripe.webhooks.constructEvent(body, request.headers['stripe-signature'], secret));
      response.writeHead(200).end();
    } catch (error) {
      response.writeHead(400).end(error.message);
    }
  }).listen(0, '127.0.0.1');
  await once(hooks, 'listening');
  const endpoint = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${hooks.address().port}/hooks`,
    enabled_events: ['*'],
    api_version: API_VERSION,
  });
  secret = endpoint.secret;
});

after(() => hooks.close());

async function price(amount) {
  const product = await stripe.products.create({name: 'Pro'});
  return stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: amount,
    recurring: {interval: 'month'},
  });
}

async function payer(card) {
  const customer = await stripe.customers.create({email: 'jo@example.com'});
  const method = await stripe.paymentMethods.attach(card, {customer: customer.id});
  return stripe.customers.update(customer.id, {invoice_settings: {default_payment_method: method.id}});
}

test('the client is of the pinned version', () => {
  assert.equal(stripe.getApiField('version'), API_VERSION);
});

test('customers are created, changed, listed, paged, searched and deleted', async () => {
  const customer = await stripe.customers.create({name: 'Jo', metadata: {team: 'node'}});
  assert.equal(customer.object, 'customer');
  const changed = await stripe.customers.update(customer.id, {name: '', metadata: {team: ''}});
  assert.equal(changed.name, null);
  assert.deepEqual(changed.metadata, {});

  const made = new Set();
  for (let i = 0; i < 5; i++) made.add((await stripe.customers.create({email: 'page@example.com'})).id);
  const seen = [];
  for await (const one of stripe.customers.list({email: 'page@example.com', limit: 2})) seen.push(one.id);
  assert.deepEqual(new Set(seen), made);
  assert.equal(seen.length, 5);

  const found = await stripe.customers.search({query: "email:'page@example.com'"});
  assert.equal(found.data.length, 5);

  assert.equal((await stripe.customers.del(customer.id)).deleted, true);
  assert.equal((await stripe.customers.retrieve(customer.id)).deleted, true);
  const event = await arrived((e) => e.type === 'customer.deleted' && e.data.object.id === customer.id);
  assert.equal(event.api_version, API_VERSION);
});

test('a checkout session is made, read with its items, and expired', async () => {
  const monthly = await price(2000);
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{price: monthly.id, quantity: 1}],
    success_url: 'https://example.com/ok?session={CHECKOUT_SESSION_ID}',
    subscription_data: {trial_period_days: 7, metadata: {plan: 'pro'}},
  });
  assert.equal(session.url, new URL(`/c/pay/${session.id}`, url).href);
  const page = await fetch(session.url);
  assert.equal(page.status, 200);
  const items = await stripe.checkout.sessions.listLineItems(session.id);
  assert.equal(items.data[0].price.id, monthly.id);
  const expired = await stripe.checkout.sessions.expire(session.id);
  assert.equal(expired.status, 'expired');
  await arrived((e) => e.type === 'checkout.session.expired' && e.data.object.id === session.id);
});

test('a subscription is paid, upgraded as previewed, and canceled', async () => {
  const customer = await payer('pm_card_visa');
  const [basic, pro] = [await price(2000), await price(5000)];
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{price: basic.id}],
    expand: ['latest_invoice.payments'],
  });
  assert.equal(subscription.status, 'active');
  const invoice = subscription.latest_invoice;
  assert.equal(invoice.status, 'paid');
  assert.equal(invoice.parent.subscription_details.subscription, subscription.id);
  assert.equal(invoice.payments.data[0].amount_paid, 2000);
  await arrived((e) => e.type === 'invoice.paid' && e.data.object.id === invoice.id);

  const item = subscription.items.data[0];
  const change = {
    items: [{id: item.id, price: pro.id}],
    proration_behavior: 'always_invoice',
    proration_date: item.current_period_start,
  };
  const preview = await stripe.invoices.createPreview({subscription: subscription.id, subscription_details: change});
  const upgraded = await stripe.subscriptions.update(subscription.id, {...change, expand: ['latest_invoice']});
  assert.equal(upgraded.latest_invoice.total, preview.total);
  assert.equal(preview.total, 3000);
  assert.deepEqual(
    upgraded.latest_invoice.lines.data.map((line) => line.amount).sort(),
    preview.lines.data.map((line) => line.amount).sort(),
  );

  const ending = await stripe.subscriptions.update(subscription.id, {cancel_at_period_end: true});
  assert.equal(ending.cancel_at_period_end, true);
  const updated = await arrived(
    (e) => e.type === 'customer.subscription.updated' && e.data.object.id === subscription.id && e.data.object.cancel_at_period_end,
  );
  assert.equal(updated.data.previous_attributes.cancel_at_period_end, false);
  assert.equal((await stripe.subscriptions.cancel(subscription.id)).status, 'canceled');
  await arrived((e) => e.type === 'customer.subscription.deleted' && e.data.object.id === subscription.id);
});

test('a test clock renews a subscription', async () => {
  let clock = await stripe.testHelpers.testClocks.create({frozen_time: 1_767_225_600}); // 2026-01-01
  const customer = await stripe.customers.create({test_clock: clock.id});
  const method = await stripe.paymentMethods.attach('pm_card_visa', {customer: customer.id});
  await stripe.customers.update(customer.id, {invoice_settings: {default_payment_method: method.id}});
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{price: (await price(900)).id}],
  });
  const renewal = subscription.items.data[0].current_period_end;
  assert.equal(new Date(renewal * 1000).toISOString(), '2026-02-01T00:00:00.000Z');
  await stripe.testHelpers.testClocks.advance(clock.id, {frozen_time: renewal + 2 * 3600});
  const end = Date.now() + WAIT_MS;
  while (clock.status !== 'ready' || clock.frozen_time <= renewal) {
    assert.ok(Date.now() < end, `the clock is ${clock.status}`);
    clock = await stripe.testHelpers.testClocks.retrieve(clock.id);
  }
  const invoices = await stripe.invoices.list({subscription: subscription.id, status: 'paid'});
  assert.deepEqual(
    invoices.data.map((invoice) => invoice.billing_reason),
    ['subscription_cycle', 'subscription_create'],
  );
});

test('a declined card is an error of the client', async () => {
  await assert.rejects(
    stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds',
      return_url: 'https://example.com',
    }),
    (error) => {
      assert.ok(error instanceof Stripe.errors.StripeCardError);
      assert.equal(error.statusCode, 402);
      assert.equal(error.code, 'card_declined');
      assert.equal(error.decline_code, 'insufficient_funds');
      assert.equal(error.payment_intent.status, 'requires_payment_method');
      return true;
    },
  );
});

test('a missing object is an error of the client', async () => {
  await assert.rejects(stripe.customers.retrieve('cus_none'), (error) => {
    assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError);
    assert.equal(error.code, 'resource_missing');
    assert.ok(error.requestId.startsWith('req_'));
    return true;
  });
});

test('a changed payload and another secret are refused', async () => {
  await stripe.customers.create({name: 'Signed'});
  await arrived((e) => e.type === 'customer.created');
  const body = JSON.stringify({object: 'event'});
  const header = stripe.webhooks.generateTestHeaderString({payload: body, secret: 'whsec_other'});
  assert.throws(() => stripe.webhooks.constructEvent(body, header, secret), Stripe.errors.StripeSignatureVerificationError);
});
