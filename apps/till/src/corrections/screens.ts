// What is loaded when this till has corrections to show.
export { Corrections } from './corrections.tsx';
