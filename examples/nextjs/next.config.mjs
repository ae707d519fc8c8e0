/** @type {import('next').NextConfig} */
export default {
  // The example lies inside another repository: its own folder is all there is to it.
  outputFileTracingRoot: import.meta.dirname,
};
