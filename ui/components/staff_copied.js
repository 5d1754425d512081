// NiceGUI loads this file; everything else lives under our own content-hashed assets.
export { default } from "nest-screens/staff/elements/copied.js";
