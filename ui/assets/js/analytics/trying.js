// What forms do while they wait for the API: `busy`, and the sentence of what went wrong.
export default {
  data: () => ({ busy: false, problem: "" }),
  methods: {
    async try(work) {
      this.busy = true;
      this.problem = "";
      try {
        await work();
      } catch (error) {
        this.problem = this.w.why(error);
      }
      this.busy = false;
    },
  },
};
