// What is answered has the types that @flowglad/node declares.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {test} = require('node:test');
const ts = require('typescript');
const {binary, key, fresh, scoped, buy} = require('./place');
const {FlowgladServer} = require('@flowglad/server');
const {Flowglad} = require('@flowglad/node');

const flowglad = new Flowglad({baseURL: binary, apiKey: key});

// ours are fields that the types do not have: Tollgate's own, and names of other versions.
const ours = new Set(['usedBalance', 'balanceLimit', 'resetsAt', 'value']);
const bare = (answer, ...without) => JSON.stringify(answer, (name, v) => (ours.has(name) || without.includes(name) ? undefined : v), 1);

test('answers have the declared types', async () => {
  const name = fresh();
  const created = await flowglad.customers.create({customer: {externalId: name, email: 'a@b.c', name: 'Ada'}});
  const session = scoped(FlowgladServer, name, {baseURL: binary, apiKey: key});
  await buy(session, 'pro_monthly', (b) => b.currentSubscription.name === 'Pro');
  await buy(session, 'requests_100', (b) => b.hasPurchased('requests_100') && b.invoices.length === 2);
  const billing = await flowglad.customers.retrieveBilling(name);
  const sub = billing.currentSubscription.id;
  const usage = await flowglad.usageEvents.create({usageEvent: {amount: 3, subscriptionId: sub, transactionId: 'tx', usageMeterSlug: 'ai_requests'}});
  const claim = await flowglad.resourceClaims.claim(sub, {resourceSlug: 'seats', externalIds: ['a', 'b']});
  const made = await flowglad.checkoutSessions.create({checkoutSession: {type: 'product', customerExternalId: name, priceSlug: 'requests_100', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/'}});
  const payments = await flowglad.payments.list({limit: '100'});
  const mine = payments.data.find((p) => p.customerId === billing.customer.id && p.amount === 199);
  const discount = await flowglad.discounts.create({discount: {name: 'Half', code: fresh('HALF'), amountType: 'percent', amount: 50, duration: 'once'}});
  const answers = {
    CustomerRetrieveResponse: ['customers', await flowglad.customers.retrieve(name)],
    CustomerRetrieveBillingResponse: ['customers', billing],
    CustomerListResponse: ['customers', await flowglad.customers.list({limit: '3'})],
    ProductListResponse: ['products', await flowglad.products.list()],
    ProductRetrieveResponse: ['products', await flowglad.products.retrieve('prod_pro')],
    PriceListResponse: ['prices', await flowglad.prices.list()],
    PricingModelRetrieveDefaultResponse: ['pricing-models', await flowglad.pricingModels.retrieveDefault(), 'catalog'],
    PricingModelListResponse: ['pricing-models', await flowglad.pricingModels.list()],
    UsageMeterListResponse: ['usage-meters', await flowglad.usageMeters.list()],
    UsageMeterRetrieveResponse: ['usage-meters', await flowglad.usageMeters.retrieve('meter_ai_requests')],
    UsageEventCreateResponse: ['usage-events', usage],
    UsageEventRetrieveResponse: ['usage-events', await flowglad.usageEvents.retrieve(usage.usageEvent.id)],
    SubscriptionRetrieveResponse: ['subscriptions', await flowglad.subscriptions.retrieve(sub), 'subscriptionItems', 'experimental'],
    SubscriptionListResponse: ['subscriptions', await flowglad.subscriptions.list()],
    SubscriptionAdjustResponse: ['subscriptions', await flowglad.subscriptions.adjust(sub, {adjustment: {timing: 'auto', newSubscriptionItems: [{priceSlug: 'max_monthly'}]}}), 'experimental', 'price'],
    CheckoutSessionCreateResponse: ['checkout-sessions', made],
    CheckoutSessionRetrieveResponse: ['checkout-sessions', await flowglad.checkoutSessions.retrieve(made.checkoutSession.id)],
    CheckoutSessionListResponse: ['checkout-sessions', await flowglad.checkoutSessions.list({limit: '5'})],
    PaymentListResponse: ['payments', {...payments, data: payments.data.slice(0, 5)}],
    PaymentRetrieveResponse: ['payments', await flowglad.payments.retrieve(payments.data[0].id)],
    PaymentRefundResponse: ['payments', await flowglad.payments.refund(mine.id, {partialAmount: 10})],
    PaymentMethodListResponse: ['payment-methods', await flowglad.paymentMethods.list({limit: '5'})],
    PaymentMethodRetrieveResponse: ['payment-methods', await flowglad.paymentMethods.retrieve(billing.paymentMethods[0].id)],
    InvoiceRetrieveResponse: ['invoices', await flowglad.invoices.retrieve(billing.invoices[0].invoice.id)],
    InvoiceLineItemListResponse: ['invoice-line-items', await flowglad.invoiceLineItems.list({limit: '5'})],
    InvoiceLineItemRetrieveResponse: ['invoice-line-items', await flowglad.invoiceLineItems.retrieve(billing.invoices[0].invoiceLineItems[0].id)],
    DiscountCreateResponse: ['discounts', discount, 'redemptionCount'],
    DiscountRetrieveResponse: ['discounts', await flowglad.discounts.retrieve(discount.discount.id)],
    DiscountListResponse: ['discounts', await flowglad.discounts.list()],
    DiscountUpdateResponse: ['discounts', await flowglad.discounts.update(discount.discount.id, {discount: {id: discount.discount.id, active: false}}), 'redemptionCount'],
    ResourceListResponse: ['resources', await flowglad.resources.list({pricingModelId: 'pm_catalog'})],
    ResourceClaimClaimResponse: ['resource-claims', claim],
    ResourceClaimListUsagesResponse: ['resource-claims', await flowglad.resourceClaims.listUsages(sub)],
    ResourceClaimReleaseResponse: ['resource-claims', await flowglad.resourceClaims.release(sub, {resourceSlug: 'seats', externalId: 'a'})],
    InvoiceListResponse: ['invoices', await flowglad.invoices.list({limit: '5'})],
    SubscriptionCancelResponse: ['subscriptions', await flowglad.subscriptions.cancel(sub, {cancellation: {timing: 'at_end_of_current_billing_period'}}), 'subscriptionItems', 'experimental'],
    SubscriptionUncancelResponse: ['subscriptions', await flowglad.subscriptions.uncancel(sub), 'subscriptionItems', 'experimental'],
  };
  assert.equal(created.data.customer.externalId, name);
  const lines = [];
  for (const [type, [file, answer, ...without]] of Object.entries(answers)) {
    // A subscription's items are richer where a subscription is asked for by itself than its type says.
    const text = type === 'SubscriptionAdjustResponse' ? bare({...answer, subscription: {...answer.subscription, subscriptionItems: undefined}}, ...without) : bare(answer, ...without);
    lines.push(`import type {${type}} from '@flowglad/node/resources/${file}';`, `export const a${type}: ${type} = ${text};`);
  }
  const source = path.join(__dirname, `.answers-${process.pid}.ts`);
  fs.writeFileSync(source, lines.join('\n'));
  try {
    const program = ts.createProgram([source], {noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, types: []});
    const wrong = ts.getPreEmitDiagnostics(program).map((d) => {
      const {line} = d.file ? ts.getLineAndCharacterOfPosition(d.file, d.start) : {line: -1};
      return `${lines.join('\n').split('\n')[line] ?? ''}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n').slice(0, 600)}`;
    });
    assert.deepEqual(wrong, []);
  } finally {
    fs.rmSync(source);
  }
});
