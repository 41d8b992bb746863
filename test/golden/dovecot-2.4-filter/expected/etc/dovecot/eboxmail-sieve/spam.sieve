# Written by eboxmail from its state file; change that and run "eboxmail apply".
# Before everybody's own rules: what the filter takes for spam.
require ["fileinto"];
if header :is "X-Spam" "Yes" {
  fileinto "Spam";
  stop;
}
