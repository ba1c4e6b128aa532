/** Who a customer is: name, phone, mail and a note, each sealed under the customer's subject. Without the key the row says that there is somebody, and no more. */
import { defineVerb, type RegisterTable, registerTable, type Verb } from '@tallystick/kernel';
import type { PersonDescribeArgs } from './customer-args.ts';
import { personDescribeArgs } from './customer-schema.ts';

type Text = 'text';

const personColumns = {
  subject: 'text',
  device: 'text',
  op: 'text',
  name: 'text',
  phone: 'text',
  email: 'text',
  note: 'text',
} as const;

/** Customers as persons: envelopes, '' for what is not known, and the op and the device that they were sealed for. A later description replaces all of them. */
export const persons: RegisterTable<{ customer: Text }, typeof personColumns> = registerTable('persons', {
  key: { customer: 'text' },
  columns: personColumns,
});

/** Says who a customer is, or says it anew where something was wrong. */
export const personDescribe: Verb<'person.describe', PersonDescribeArgs> = defineVerb({
  name: 'person.describe',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van', 'agent'],
  tables: [persons],
  args: personDescribeArgs,
  plan: (_view, op, { customer, subject, name = '', phone = '', email = '', note = '' }) => [
    persons.write({ customer, subject, device: op.device, op: op.id, name, phone, email, note }),
  ],
});
