{{header}}
# Before everybody's own rules: what the filter takes for spam.
require ["fileinto"];
if header :is "X-Spam" "Yes" {
  fileinto "Spam";
  stop;
}
