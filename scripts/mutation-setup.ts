// For the mutation run: a property that found a counterexample has noticed the change; a smaller one would add nothing.
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
