import { type UseMutationOptions, useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/**
 * What is sent once at a time: whoever asks again before the answer is here sends nothing more. A second click can come
 * before the button has been drawn as one that is busy.
 */
export function useSending<Result, Sent = void>(options: UseMutationOptions<Result, Error, Sent>) {
  const isUnderWay = useRef(false);
  const { mutate, reset, error, data, variables, isPending, isSuccess } = useMutation({
    ...options,
    onSettled: (...how) => {
      isUnderWay.current = false;
      return options.onSettled?.(...how);
    },
  });
  return {
    error,
    data,
    variables,
    isPending,
    isSuccess,
    mutate: (sent: Sent) => {
      if (isUnderWay.current) return;
      isUnderWay.current = true;
      mutate(sent);
    },
    /** What was sent before is not waited for any more. */
    reset: () => {
      isUnderWay.current = false;
      reset();
    },
  };
}
