export { type ButtonProps, default as Button } from "antd/es/button";
